"""Request pages of an environment's Odoo over HTTP."""

import time
from ipaddress import ip_address

from oduflow.domain.odoo_log import READINESS_PATH
from oduflow.domain.plan import ODOO_PORT
from oduflow.domain.readiness import PageAnswer, WebPage
from oduflow.net.fetch import FetchFailed, Request, fetch

REQUEST_SECONDS = 120.0  # Odoo answers only when it has loaded its registry
MAX_BYTES = 64 << 10
MAX_PAGE_BYTES = 16 << 20  # a bundle of all of Odoo's scripts has 5 MiB


def page(address: str, path: str, *, seconds: float = REQUEST_SECONDS) -> WebPage | None:
    """GET a path and return the answer, also a redirect; None without an HTTP response.

    Args:
        address: the container's IPv4 address.
        path: begins with a slash.
        seconds: how long to wait for the answer.
    """
    request = Request(
        f"http://{address}:{ODOO_PORT}{path}", ip_address(address), {"Host": "localhost"}
    )
    try:
        found = fetch(request, max_bytes=MAX_PAGE_BYTES, deadline=time.monotonic() + seconds)
    except FetchFailed:
        return None
    return WebPage(found.status, found.body, found.headers.get("Location", ""))


def login_page(
    address: str, *, host: str = "localhost", seconds: float = REQUEST_SECONDS
) -> PageAnswer | None:
    """GET `/web/login` and return the answer; None without an HTTP response.

    Args:
        address: the container's IPv4 address.
        host: the `Host` header.
        seconds: how long to wait for the answer.
    """
    url = f"http://{address}:{ODOO_PORT}{READINESS_PATH}"
    request = Request(url, ip_address(address), {"Host": host})
    deadline = time.monotonic() + seconds
    try:
        response = fetch(request, max_bytes=MAX_BYTES, deadline=deadline)
    except FetchFailed:
        return None
    return PageAnswer(response.status, response.headers.get("Location", ""))
