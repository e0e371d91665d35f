"""Check over HTTP whether an environment's Odoo serves pages."""

import time
from ipaddress import ip_address

from oduflow.domain.plan import ODOO_PORT
from oduflow.net.fetch import FetchFailed, Request, fetch

REQUEST_SECONDS = 10.0
MAX_BYTES = 64 << 10


def login_status(address: str, *, host: str = "localhost") -> int | None:
    """GET `/web/login` and return its status; None without an HTTP response.

    Args:
        address: the container's IPv4 address.
        host: the `Host` header.
    """
    url = f"http://{address}:{ODOO_PORT}/web/login"
    request = Request(url, ip_address(address), {"Host": host})
    deadline = time.monotonic() + REQUEST_SECONDS
    try:
        return fetch(request, max_bytes=MAX_BYTES, deadline=deadline).status
    except FetchFailed:
        return None
