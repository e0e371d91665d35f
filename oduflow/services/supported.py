"""What the configuration can say and this version cannot do yet: refused or told, never ignored."""

from oduflow.domain.errors import Invalid
from oduflow.settings import Lifecycle, Settings, Storage


def refuse_unsupported(settings: Settings) -> None:
    """Refuse a configuration that would promise what is not served.

    Raises:
        Invalid: the key, and what to set instead.
    """
    if settings.routing.mode != "port":
        raise Invalid(
            f'[routing] mode = "{settings.routing.mode}" is not served by this version.',
            'Set mode = "port": each environment gets a port of its own.',
        )
    if settings.routing.environment_hosts:
        raise Invalid(
            "[routing] environment_hosts is not served by this version.",
            "Leave it false.",
        )


def without_effect(settings: Settings) -> tuple[str, ...]:
    """Name what is set and has no effect in this version, one sentence each."""
    told = []
    if settings.storage != Storage():
        told.append("[storage] has no effect yet: databases and filestores are copied.")
    if settings.lifecycle != Lifecycle():
        told.append("[lifecycle] has no effect yet: nothing is stopped or deleted by itself.")
    told += [
        f"[team.{team.id}] disk_gb has no effect yet: nobody measures what a team fills."
        for team in settings.teams.values()
        if team.disk_gb
    ]
    return tuple(told)
