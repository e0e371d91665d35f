"""The URL of a team's dashboard."""

from urllib.parse import urlsplit

from oduflow.domain.hosts import DEFAULT_PORTS, join_host_port
from oduflow.settings.sections import Settings, TeamSettings

EVERY_ADDRESS = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared, not bound


def team_url(settings: Settings, team: TeamSettings) -> str:
    """Return the URL of a team's dashboard, derived from the configuration."""
    server = settings.server
    base = urlsplit(server.oauth_base_url)
    if team.hostname:
        port = base.port if base.scheme else _shown(server.port)
        return f"{base.scheme or 'http'}://{join_host_port(team.hostname, port)}/"
    if base.scheme:
        return f"{server.oauth_base_url}/"
    host = settings.routing.external_host
    if not host:
        on_this_machine = server.loopback_only or server.host in EVERY_ADDRESS
        host = "localhost" if on_this_machine else server.host
    return f"http://{join_host_port(host, _shown(server.port))}/"


def _shown(port: int) -> int | None:
    return None if port == DEFAULT_PORTS["http"] else port
