"""Who is at the other end of the connection."""

import ipaddress
from collections.abc import Mapping
from typing import Any

_PROXY_HEADERS = ("HTTP_FORWARDED", "HTTP_VIA")
_PROXY_PREFIX = "HTTP_X_FORWARDED"


def is_direct_and_local(environ: Mapping[str, Any], subnet_pool: ipaddress.IPv4Network) -> bool:
    """Say whether a program of this machine asks, and asks for itself.

    A proxy on this machine asks for strangers, and a container belongs to a tenant: neither
    counts. A peer without an address (a unix socket) is somebody's proxy too.

    Args:
        environ: the WSGI environment of the request.
        subnet_pool: the networks of our containers.
    """
    try:
        peer = ipaddress.ip_address(_peer(environ))
    except ValueError:
        return False
    peer = getattr(peer, "ipv4_mapped", None) or peer
    return peer.is_loopback and peer not in subnet_pool and not _was_forwarded(environ)


def _peer(environ: Mapping[str, Any]) -> str:
    # ProxyFix puts what a proxy says into REMOTE_ADDR, and keeps what the socket said.
    seen: Mapping[str, Any] = environ.get("werkzeug.proxy_fix.orig", environ)
    return seen.get("REMOTE_ADDR") or ""


def _was_forwarded(environ: Mapping[str, Any]) -> bool:
    return any(name in _PROXY_HEADERS or name.startswith(_PROXY_PREFIX) for name in environ)
