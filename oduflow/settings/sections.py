"""The whole of `oduflow.toml`: one frozen model a section, one field a key."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal, Protocol

from annotated_types import Ge, Unit

from oduflow.settings.folders import OptionalFolder
from oduflow.settings.hosts import OptionalHost
from oduflow.settings.networks import Egress, Port, PortRange, Ports
from oduflow.settings.schema import DefaultText, ListOf, Section
from oduflow.settings.server import ServerSettings
from oduflow.settings.team import TeamSettings
from oduflow.settings.urls import BaseUrl, Links
from oduflow.settings.values import Email, ImageName


class RoutingSettings(Section):
    """`[routing]`: how a browser reaches an environment."""

    mode: Literal["port", "traefik"] = "port"
    """port: each environment has a port of its own. traefik, a host name for each below
    external_host, is not served yet."""
    external_host: OptionalHost = ""
    """The host name in environments' URLs; empty: the address the server listens on."""
    port_range: Ports = PortRange(20000, 20999)
    """The ports that environments are given, each one for life."""
    environment_hosts: bool = False
    """Not served yet: give each environment a host name of its own below external_host, so that no
    environment sees another's cookies."""
    acme_email: Email = ""
    """No effect yet, no certificate is ordered: where Let's Encrypt writes to."""
    tls: bool = False
    """Not served yet: https for environments, by Traefik."""


class StorageSettings(Section):
    """`[storage]`: how templates become environments on disk."""

    clone: Literal["auto", "reflink", "copy"] = "auto"
    """No effect yet, all is copied: reflink: share blocks with the template (XFS, btrfs). copy:
    copy them. auto: try it out and take the best."""
    pool: Annotated[OptionalFolder, DefaultText("inside data_dir")] = None
    """No effect yet: a folder on a file system with reflinks, for databases and filestores."""


class LifecycleSettings(Section):
    """`[lifecycle]`: when an unused environment is stopped and deleted; no effect yet."""

    auto_stop_hours: Annotated[int, Ge(0), Unit("hours")] = 48
    """No effect yet, nothing stops by itself: stop an environment unused for so long; 0: never."""
    auto_delete_hours: Annotated[int, Ge(0), Unit("hours")] = 72
    """No effect yet, nothing is deleted by itself: delete a stopped, unprotected environment after
    so long; 0: never."""


class FirewallSettings(Section):
    """`[firewall]`: what containers may reach."""

    ports: Annotated[ListOf[Port], DefaultText("the server's own port")] = ()
    """Ports of this machine that containers may reach."""
    egress: ListOf[Egress] = ()
    """Networks that environments may reach, and "internet" for every public address; empty:
    none."""
    allow_unisolated: bool = False
    """Create environments of several teams even where iptables cannot separate them."""


class ImagesSettings(Section):
    """`[images]`: what containers are made from."""

    odoo: ImageName = "odoo:{version}"
    """Odoo's image; {version} becomes the requested version, such as 19.0."""
    postgres: ImageName = "postgres:18"
    """PostgreSQL's image."""
    pip_index_url: BaseUrl = ""
    """The package index for a repository's requirements; empty: pip's own."""
    pip_find_links: Links = ""
    """More wheels for a repository's requirements: a URL, or a folder of this machine."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole configuration; `warnings` are for the log at start, `source` is the file read."""

    server: ServerSettings = field(default_factory=ServerSettings)
    routing: RoutingSettings = field(default_factory=RoutingSettings)
    storage: StorageSettings = field(default_factory=StorageSettings)
    lifecycle: LifecycleSettings = field(default_factory=LifecycleSettings)
    firewall: FirewallSettings = field(default_factory=FirewallSettings)
    images: ImagesSettings = field(default_factory=ImagesSettings)
    teams: Mapping[str, TeamSettings] = field(default_factory=lambda: MappingProxyType({}))
    source: Path | None = None
    warnings: tuple[str, ...] = ()

    def current(self) -> "Settings":
        """Return itself, so that settings that never change serve as a `SettingsSource`."""
        return self


class SettingsSource(Protocol):
    """Returns the configuration that is in force now."""

    def current(self) -> Settings:
        """Return it."""


SECTIONS: Mapping[str, type[Section]] = {
    each.name: each.type
    for each in fields(Settings)
    if isinstance(each.type, type) and issubclass(each.type, Section)
}
# The header of every table, and its model.
TABLES: Mapping[str, type[Section]] = {**SECTIONS, "team.<id>": TeamSettings}
