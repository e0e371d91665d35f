"""Ask a tenant's Odoo over HTTP: only its own address, no redirect, little body, little time."""

import http.client
import time
from contextlib import closing

from oduflow.domain.plan import ODOO_PORT

REQUEST_SECONDS = 10.0
MAX_BODY = 64 << 10


def login_status(address: str, *, host: str = "localhost") -> int | None:
    """GET `/web/login` and return its status; None while nothing answers.

    Args:
        address: the container's IPv4 address.
        host: what to send as `Host`.
    """
    deadline = time.monotonic() + REQUEST_SECONDS
    with closing(http.client.HTTPConnection(address, ODOO_PORT, timeout=2)) as connection:
        try:
            connection.connect()
            connection.sock.settimeout(max(0.1, deadline - time.monotonic()))
            connection.request("GET", "/web/login", headers={"Host": host, "Connection": "close"})
            answer = connection.getresponse()
            answer.read(MAX_BODY)
        except (OSError, http.client.HTTPException):
            return None
        return answer.status
