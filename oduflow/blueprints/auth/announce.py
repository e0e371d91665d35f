"""The log lines at start that say how each team signs in."""

import logging
from urllib.parse import urlsplit

from oduflow.domain.hosts import join_host_port
from oduflow.settings import Settings, TeamSettings

_EVERY_ADDRESS = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared, not bound
_HTTP = 80

Line = tuple[int, str]


def startup_lines(settings: Settings) -> list[Line]:
    """Return a line for each team with the credentials its faces ask for, then the warnings.

    Returns:
        Pairs of a level of `logging` and a line.
    """
    oauth = _switch(on=settings.server.oauth_enabled)
    teams = [
        f"[team.{team.id}] {team_url(settings, team)} (MCP token {_switch(on=team.auth_token)}, "
        f"OAuth {oauth}, UI auth {_switch(on=team.ui_password)})"
        for team in settings.teams.values()
    ]
    warnings = [(logging.WARNING, warning) for warning in settings.warnings]
    return [*((logging.INFO, line) for line in teams), *warnings]


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
        on_this_machine = server.loopback_only or server.host in _EVERY_ADDRESS
        host = "localhost" if on_this_machine else server.host
    return f"http://{join_host_port(host, _shown(server.port))}/"


def _shown(port: int) -> int | None:
    return None if port == _HTTP else port


def _switch(*, on: object) -> str:
    return "ON" if on else "OFF"
