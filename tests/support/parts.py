"""Stand-ins for `Deps` in tests that need a few parts only."""

from types import SimpleNamespace
from typing import Any

GROUPS = {
    "store": ("audit", "environments", "extra_repos", "facts", "grants", "logins", "templates"),
    "engine": ("containers", "images", "volumes"),
    "postgres": ("cluster", "tenant"),
    "git": ("credentials", "providers", "repositories"),
    "work": ("failpoints", "jobs", "locks"),
}


def deps_of(**parts: Any) -> Any:
    """Put each named part into its group; what is in no group stays at the top."""
    group_of = {part: group for group, names in GROUPS.items() for part in names}
    made: dict[str, Any] = {group: SimpleNamespace() for group in GROUPS}
    for name, part in parts.items():
        if name in group_of:
            setattr(made[group_of[name]], name, part)
        else:
            made[name] = part
    return SimpleNamespace(**made)
