"""Ask a tenant's Odoo over HTTP: only its own address, no redirect, little body, little time."""

import re
import socket
import time

from oduflow.domain.plan import ODOO_PORT

CONNECT_SECONDS = 2.0
REQUEST_SECONDS = 10.0
MAX_ANSWER = 64 << 10
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3}) ")


def login_status(address: str, *, host: str = "localhost") -> int | None:
    """GET `/web/login` and return its status; None while nothing answers.

    Read by hand because the time limit is for the whole answer: a tenant that sends a byte every
    few seconds would otherwise keep a boot slot from everybody. HTTP/1.0 asks for an answer that
    ends with the connection (RFC 1945).

    Args:
        address: the container's IPv4 address.
        host: what to send as `Host`.
    """
    deadline = time.monotonic() + REQUEST_SECONDS
    question = f"GET /web/login HTTP/1.0\r\nHost: {host}\r\n\r\n"
    try:
        with socket.create_connection((address, ODOO_PORT), CONNECT_SECONDS) as connection:
            connection.sendall(question.encode("ascii"))
            answer = _read(connection, deadline)
    except OSError:
        return None
    status = _STATUS.match(answer)
    return int(status[1]) if status else None


def _read(connection: socket.socket, deadline: float) -> bytes:
    answer = b""
    while len(answer) < MAX_ANSWER:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        connection.settimeout(left)
        piece = connection.recv(MAX_ANSWER)
        if not piece:
            break
        answer += piece
    return answer
