"""What a request shows before any credential: a doubled slash, a peer that needs none."""

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Any

from flask import request
from werkzeug.exceptions import NotFound

from oduflow.blueprints.teams import teams_at
from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.errors import Unauthenticated
from oduflow.settings import Settings, TeamSettings

API = "/api"
UPLOADS = "/uploads"
OAUTH = ("/register", "/revoke", "/token")  # the others of its paths are for browsers
_PROGRAMS = (API, UPLOADS, "/mcp", "/.well-known", "/healthz", "/readyz", "/metrics", *OAUTH)

# Also after the host of an absolute target (RFC 9112, 3.2.2).
_DOUBLED_SLASH = re.compile(r"(?:https?://[^/]*)?//", re.IGNORECASE)
_AS_SENT = ("REQUEST_URI", "RAW_URI", "PATH_INFO")  # waitress, gunicorn, any
_PROXY_HEADERS = ("HTTP_FORWARDED", "HTTP_VIA")
_PROXY_PREFIX = "HTTP_X_FORWARDED"


class NotSignedIn(Unauthenticated):
    """No credential, or a wrong one; with the value of `WWW-Authenticate` (RFC 9110, 11.6.1)."""

    def __init__(self, message: str, hint: str, *, challenge: str) -> None:
        super().__init__(message, hint)
        self.challenge = challenge


def refuse_doubled_slash() -> None:
    """Refuse a path that begins with two slashes.

    WSGI servers and werkzeug read two slashes as one, so such a path would bypass a proxy's rule
    for `/api` or `/mcp`.

    Raises:
        NotFound: the path begins with two slashes.
    """
    if any(_DOUBLED_SLASH.match(request.environ.get(name) or "") for name in _AS_SENT):
        raise NotFound


def is_direct_and_local(environ: Mapping[str, Any], subnet_pool: ipaddress.IPv4Network) -> bool:
    """Return whether a program on this machine sent the request, on its own behalf.

    A proxy on this machine forwards requests of others, and a container belongs to a tenant, so
    both return False. So does a peer without an address (a unix socket): it is a proxy too.
    """
    try:
        peer = ipaddress.ip_address(_peer(environ))
    except ValueError:
        return False
    peer = getattr(peer, "ipv4_mapped", None) or peer
    return peer.is_loopback and peer not in subnet_pool and not _was_forwarded(environ)


def _peer(environ: Mapping[str, Any]) -> str:
    # ProxyFix writes the proxy's claim into REMOTE_ADDR and keeps the socket's address.
    original: Mapping[str, Any] = environ.get("werkzeug.proxy_fix.orig", environ)
    return original.get("REMOTE_ADDR") or ""


def _was_forwarded(environ: Mapping[str, Any]) -> bool:
    return any(name in _PROXY_HEADERS or name.startswith(_PROXY_PREFIX) for name in environ)


def anonymous(settings: Settings, secret: Callable[[TeamSettings], str]) -> Actor | None:
    """Return the anonymous actor, or None where a credential is needed.

    None is needed only for a program on this machine, and only where the Host means exactly one
    team and that team's secret is empty: the one that protects the face.
    """
    teams = teams_at(settings.teams, request.headers["Host"])
    if len(teams) != 1 or secret(teams[0]):
        return None
    if not is_direct_and_local(request.environ, settings.server.subnet_pool):
        return None
    return Actor(teams[0].id, ActorKind.ANONYMOUS, "anonymous")


def wants_page() -> bool:
    """Whether the client shows the response to a person."""
    if any(map(is_below, _PROGRAMS)):
        return False
    if "HX-Request" in request.headers:  # htmx accepts */* and shows the response
        return True
    offered = ("application/json", "text/html")
    return request.accept_mimetypes.best_match(offered, offered[0]) == "text/html"


def is_below(prefix: str) -> bool:
    """Whether the path of the request is this one or below it."""
    return request.path == prefix or request.path.startswith(f"{prefix}/")
