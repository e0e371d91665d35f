"""The host names of this server, and the log lines at start that name each team's URL.

A request for any other host is refused first (DNS rebinding).
"""

import logging
from urllib.parse import urlsplit

from flask import request
from werkzeug.exceptions import BadRequest, MisdirectedRequest

from oduflow.blueprints.audit import record
from oduflow.blueprints.context import context
from oduflow.domain.errors import Kind
from oduflow.domain.hosts import join_host_port
from oduflow.settings import Settings
from oduflow.settings.team_url import EVERY_ADDRESS, team_url

_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})
_HTTP, _HTTPS = 80, 443
_SINGLE = ("Host", "Authorization")


def allowed_hosts(settings: Settings) -> frozenset[str]:
    """Return every accepted value of `Host`, in lower case.

    The listening address is accepted with our port only. A public name is also accepted with the
    ports of a proxy in front: 80, 443, and that of `oauth_base_url`.
    """
    server = settings.server
    local = {server.host}
    if server.loopback_only or server.host in EVERY_ADDRESS:
        local |= _THIS_MACHINE
    base = urlsplit(server.oauth_base_url)
    public = {base.hostname, settings.routing.external_host}
    public |= {team.hostname for team in settings.teams.values()}
    local_ports = {server.port} | ({None} if server.port == _HTTP else set())
    public_ports = local_ports | {None, _HTTP, _HTTPS, base.port}
    return frozenset(
        join_host_port(name, port)
        for names, ports in ((local, local_ports), (public, public_ports))
        for name in names
        for port in ports
        if name
    )


def refuse_repeated_headers() -> None:
    """Refuse a request with two `Host` or `Authorization` headers, or without any `Host`.

    A proxy in front may have read another of the two than we do (RFC 9112, 3.2). A WSGI server
    joins repeated headers with commas, which no valid value contains.

    Raises:
        BadRequest: a header is repeated, or `Host` is missing.
    """
    for name in _SINGLE:
        if "," in request.headers.get(name, ""):
            record("repeated_header", None, Kind.INVALID, {"header": name})
            raise BadRequest(f"There is more than one {name} header.")
    if not request.headers.get("Host"):
        raise BadRequest("There is no Host header.")


def refuse_unknown_host() -> None:
    """Refuse a request for another host name, such as one that foreign DNS points here.

    Raises:
        MisdirectedRequest: the name is not one of `allowed_hosts`.
    """
    if request.headers["Host"].lower() not in allowed_hosts(context().settings):
        record("unknown_host", None, Kind.INVALID)
        raise MisdirectedRequest(
            "This server does not go by that name. [routing] external_host, [server] "
            "oauth_base_url and a team's hostname give it one."
        )


def startup_lines(settings: Settings) -> list[tuple[int, str]]:
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


def _switch(*, on: object) -> str:
    return "ON" if on else "OFF"
