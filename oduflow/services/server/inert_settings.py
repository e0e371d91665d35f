"""Report settings that are accepted and have no effect in this version."""

from oduflow.settings import LifecycleSettings, Settings, StorageSettings


def settings_without_effect(settings: Settings) -> tuple[str, ...]:
    """Return one sentence for each configured setting that has no effect in this version."""
    sentences = []
    if settings.routing.acme_email:
        sentences.append("[routing] acme_email has no effect yet: no certificate is ordered.")
    if settings.storage != StorageSettings():
        sentences.append("[storage] has no effect yet: databases and filestores are copied.")
    if settings.lifecycle != LifecycleSettings():
        sentences.append("[lifecycle] has no effect yet: nothing is stopped or deleted by itself.")
    sentences += [
        f"[team.{team.id}] disk_gb has no effect yet: disk use is not measured."
        for team in settings.teams.values()
        if team.disk_gb
    ]
    return tuple(sentences)
