"""Stand-ins for `Deps` in tests that need a few parts only."""

from dataclasses import fields
from types import SimpleNamespace
from typing import Any

from oduflow.services import groups
from oduflow.services.deps import Deps

GROUPS = {
    field.name: [part.name for part in fields(field.type)]
    for field in fields(Deps)
    if isinstance(field.type, type) and field.type.__module__ == groups.__name__
}


def deps_of(**parts: Any) -> Any:
    """Put each named part into its group; what is in no group stays at the top."""
    group_of = {part: group for group, names in GROUPS.items() for part in names}
    made: dict[str, Any] = {group: SimpleNamespace() for group in GROUPS}
    made["store"].sizes = SimpleNamespace(of=lambda _team: {})  # nothing was measured yet
    for name, part in parts.items():
        if name in group_of:
            setattr(made[group_of[name]], name, part)
        else:
            made[name] = part
    return SimpleNamespace(**made)
