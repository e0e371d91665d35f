"""Whether a browser sends a request for one of our own pages, or for somebody else's.

Browsers add the remembered Basic credentials to requests that foreign pages make, so a
credential alone does not say that a person meant it.
"""

from flask import request

from oduflow.blueprints.trail import remember
from oduflow.domain.errors import Forbidden, Kind

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})  # RFC 9110, 9.2.1
_OWN_SITES = frozenset({"same-origin", "none"})


def refuse_cross_site() -> None:
    """Refuse an unsafe request that a foreign page made a browser send.

    `Sec-Fetch-Site` decides where there is one (Fetch Metadata, 2.4), else `Origin`. A client
    that sends neither is no browser.

    Raises:
        Forbidden: it is such a request.
    """
    if request.method not in SAFE_METHODS and not _from_our_own_page():
        remember("cross_site", None, Kind.FORBIDDEN)
        raise Forbidden(
            "A page of another site asked for this.",
            "Do it on the dashboard itself; scripts send neither Origin nor Sec-Fetch-Site.",
        )


def _from_our_own_page() -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in _OWN_SITES
    origin = request.headers.get("Origin")
    return origin is None or origin == f"{request.scheme}://{request.headers['Host'].lower()}"
