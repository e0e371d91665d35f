"""What the configuration can say and has no effect in this version: told, never passed over."""

from oduflow.settings import LifecycleSettings, Settings, StorageSettings


def settings_without_effect(settings: Settings) -> tuple[str, ...]:
    """Name what is set and has no effect in this version, one sentence each."""
    told = []
    if settings.routing.acme_email:
        told.append("[routing] acme_email has no effect yet: no certificate is ordered.")
    if settings.storage != StorageSettings():
        told.append("[storage] has no effect yet: databases and filestores are copied.")
    if settings.lifecycle != LifecycleSettings():
        told.append("[lifecycle] has no effect yet: nothing is stopped or deleted by itself.")
    told += [
        f"[team.{team.id}] disk_gb has no effect yet: nobody measures what a team fills."
        for team in settings.teams.values()
        if team.disk_gb
    ]
    return tuple(told)
