"""The whole of `oduflow.toml`: one frozen dataclass a section, one annotated field a key."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from oduflow.settings.sections import Firewall, Images, Lifecycle, Routing, Storage
from oduflow.settings.server import Server
from oduflow.settings.team import Team


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole configuration; `warnings` are for the log at start, `source` is the file read."""

    server: Server = field(default_factory=Server)
    routing: Routing = field(default_factory=Routing)
    storage: Storage = field(default_factory=Storage)
    lifecycle: Lifecycle = field(default_factory=Lifecycle)
    firewall: Firewall = field(default_factory=Firewall)
    images: Images = field(default_factory=Images)
    teams: Mapping[str, Team] = field(default_factory=lambda: MappingProxyType({}))
    source: Path | None = None
    warnings: tuple[str, ...] = ()

    def current(self) -> "Settings":
        """Return itself: settings that never change are their own source."""
        return self


class SettingsSource(Protocol):
    """Knows the configuration as it is now."""

    def current(self) -> Settings:
        """Return it."""


SECTIONS: Mapping[str, type] = MappingProxyType(
    {
        "server": Server,
        "routing": Routing,
        "storage": Storage,
        "lifecycle": Lifecycle,
        "firewall": Firewall,
        "images": Images,
    }
)
