"""The keys of the smaller sections: routing, storage, lifecycle, firewall, images."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from oduflow.settings.hosts import OPTIONAL_HOST
from oduflow.settings.keys import Key
from oduflow.settings.kinds import BOOLEAN, EMAIL, FOLDER, IMAGE, choice, integer
from oduflow.settings.networks import EGRESS, PORT, PORT_RANGE, PortRange
from oduflow.settings.urls import BASE_URL, LINKS

_ENVIRONMENT_PORTS = PortRange(20000, 20999)


@dataclass(frozen=True, slots=True)
class Routing:
    """`[routing]`: how a browser reaches an environment."""

    mode: Annotated[
        Literal["port", "traefik"],
        Key(
            choice("port", "traefik"),
            "port: each environment has a port of its own. traefik, a host name for each below "
            "external_host, is not served yet.",
        ),
    ] = "port"
    external_host: Annotated[
        str,
        Key(
            OPTIONAL_HOST,
            "The host name that stands in environments' URLs; empty: the address the server "
            "listens on.",
        ),
    ] = ""
    port_range: Annotated[
        PortRange,
        Key(PORT_RANGE, "The ports that environments are given, each one for life."),
    ] = _ENVIRONMENT_PORTS
    environment_hosts: Annotated[
        bool,
        Key(
            BOOLEAN,
            "Not served yet: give each environment a host name of its own below external_host, "
            "so that no environment sees another's cookies.",
        ),
    ] = False
    acme_email: Annotated[
        str, Key(EMAIL, "No effect yet, no certificate is ordered: where Let's Encrypt writes to.")
    ] = ""
    tls: Annotated[bool, Key(BOOLEAN, "Not served yet: https for environments, by Traefik.")] = (
        False
    )


@dataclass(frozen=True, slots=True)
class Storage:
    """`[storage]`: how templates become environments on disk."""

    clone: Annotated[
        Literal["auto", "reflink", "copy"],
        Key(
            choice("auto", "reflink", "copy"),
            "No effect yet, all is copied: reflink: share blocks with the template (XFS, btrfs). "
            "copy: copy them. auto: try it out and take the best.",
        ),
    ] = "auto"
    pool: Annotated[
        Path | None,
        Key(
            FOLDER,
            "No effect yet: a folder on a file system with reflinks, for databases and filestores.",
            default="inside data_dir",
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """`[lifecycle]`: when an environment nobody uses will go away; no effect yet."""

    auto_stop_hours: Annotated[
        int,
        Key(
            integer(0, unit="hours"),
            "No effect yet, nothing stops by itself: stop an environment unused for so long; "
            "0: never.",
        ),
    ] = 48
    auto_delete_hours: Annotated[
        int,
        Key(
            integer(0, unit="hours"),
            "No effect yet, nothing is deleted by itself: delete a stopped, unprotected "
            "environment after so long; 0: never.",
        ),
    ] = 72


@dataclass(frozen=True, slots=True)
class Firewall:
    """`[firewall]`: what containers may reach."""

    ports: Annotated[
        tuple[int, ...],
        Key(
            PORT,
            "Ports of this machine that containers may reach.",
            many=True,
            default="the server's own port",
        ),
    ] = ()
    egress: Annotated[
        tuple[str, ...],
        Key(
            EGRESS,
            'Networks that environments may reach, and "internet" for every public address; '
            "empty: none.",
            many=True,
        ),
    ] = ()
    allow_unisolated: Annotated[
        bool,
        Key(BOOLEAN, "Create environments of several teams even where iptables cannot part them."),
    ] = False


@dataclass(frozen=True, slots=True)
class Images:
    """`[images]`: what containers are made from."""

    odoo: Annotated[
        str, Key(IMAGE, "Odoo's image; {version} becomes the asked version, such as 19.0.")
    ] = "odoo:{version}"
    postgres: Annotated[str, Key(IMAGE, "PostgreSQL's image.")] = "postgres:18"
    pip_index_url: Annotated[
        str, Key(BASE_URL, "The package index for a repository's requirements; empty: pip's own.")
    ] = ""
    pip_find_links: Annotated[
        str, Key(LINKS, "More wheels for them: a URL, or a folder of this machine.")
    ] = ""
