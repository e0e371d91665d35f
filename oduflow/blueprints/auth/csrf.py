"""Protection against cross-site request forgery (CSRF).

Browsers add the remembered Basic credentials to requests that other sites' pages make, so a
credential alone does not show that a person meant the request.
"""

from flask import request

from oduflow.blueprints.audit import record
from oduflow.blueprints.cors import is_browser_origin
from oduflow.domain.errors import Forbidden, Kind

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})  # RFC 9110, 9.2.1
_OWN_SITES = frozenset({"same-origin", "none"})


def refuse_cross_site() -> None:
    """Refuse an unsafe request that another site's page made a browser send.

    `Sec-Fetch-Site` decides where it is present (Fetch Metadata, 2.4), else `Origin`. A client
    that sends neither is not a browser.

    Raises:
        Forbidden: the request comes from another site's page.
    """
    if request.method not in SAFE_METHODS and not _is_same_site():
        record("cross_site", None, Kind.FORBIDDEN)
        raise Forbidden(
            "A page of another site asked for this.",
            "Do it on the dashboard itself; scripts send neither Origin nor Sec-Fetch-Site.",
        )


def refuse_foreign_origin() -> None:
    """Refuse browsers' requests from other origins (MCP, “Streamable HTTP”, security warning).

    The Host was checked before. The schemes are not compared, because a proxy may end TLS.

    Raises:
        Forbidden: the request comes from another origin's page.
    """
    origin = request.headers.get("Origin")
    if origin is None or is_browser_origin(origin):
        return
    if origin.partition("://")[2] != request.host:
        record("foreign_origin", None, Kind.FORBIDDEN)
        raise Forbidden(
            "A page of another origin asked for this.",
            "Call from a program, which sends no Origin; or ask the server's operator to list the "
            "page's origin in [server] browser_origins.",
        )


def _is_same_site() -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in _OWN_SITES
    origin = request.headers.get("Origin")
    return origin is None or origin == f"{request.scheme}://{request.headers['Host'].lower()}"
