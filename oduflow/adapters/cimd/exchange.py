"""One HTTPS request to one address, bounded in bytes and by the clock on the wall.

Client libraries limit the time of each read, so a server that drips a byte a second holds them
for hours. Here every wait ends at the same moment. Only reading the answer's head is theirs.
"""

import socket
import ssl
import time
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from io import BytesIO
from typing import cast

from oduflow.domain.client_documents import MAX_BYTES
from oduflow.domain.errors import UpstreamFailed
from oduflow.domain.plain_urls import PlainUrl

_MAX_HEAD_BYTES = 16 << 10
_CHUNK_BYTES = 4096
HTTPS = 443


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered; `body` may be one byte longer than is allowed, never more."""

    status: int
    content_type: str
    location: str
    body: bytes


def get(url: PlainUrl, address: str, context: ssl.SSLContext, deadline: float) -> Answer:
    """Ask one address for a URL; its certificate must be the host's.

    Args:
        url: what is asked for.
        address: whom we dial; the host is not resolved again.
        context: whose certificates are believed.
        deadline: the reading of `time.monotonic` at which everything ends.

    Raises:
        UpstreamFailed: no connection, a wrong certificate, no HTTP, too much, or too late.
    """
    try:
        with socket.create_connection((address, url.port or HTTPS), _left(deadline)) as plain:
            plain.settimeout(_left(deadline))
            with context.wrap_socket(plain, server_hostname=url.host) as connection:
                connection.settimeout(_left(deadline))
                connection.sendall(_request(url))
                return _parse(_received(connection, deadline))
    except (OSError, HTTPException, ValueError) as cause:
        raise UpstreamFailed(
            f"The client's host {url.host} did not answer as it should.", "Try again in a minute."
        ) from cause


def _request(url: PlainUrl) -> bytes:
    return (
        f"GET {url.path}{url.query} HTTP/1.1\r\nHost: {url.authority}\r\n"
        "Accept: application/json\r\nAccept-Encoding: identity\r\nUser-Agent: oduflow\r\n"
        "Connection: close\r\n\r\n"
    ).encode("ascii")


def _received(connection: ssl.SSLSocket, deadline: float) -> bytes:
    """Read until the server closes, as it was asked to, or has said too much."""
    told = bytearray()
    while len(told) <= _MAX_HEAD_BYTES + MAX_BYTES:
        connection.settimeout(_left(deadline))
        chunk = connection.recv(_CHUNK_BYTES)
        if not chunk:
            break
        told += chunk
    return bytes(told)


def _parse(told: bytes) -> Answer:
    response = HTTPResponse(cast("socket.socket", _Told(told)), method="GET")
    response.begin()
    return Answer(
        status=response.status,
        content_type=response.headers.get_content_type(),
        location=response.headers.get("Location", ""),
        body=response.read(MAX_BYTES + 1),
    )


def _left(deadline: float) -> float:
    """Return the seconds until the end; a socket takes 0 for `do not wait`, so never that."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class _Told:
    """What was received, in the shape that `HTTPResponse` reads from."""

    def __init__(self, told: bytes) -> None:
        self._told = told

    def makefile(self, *_: object) -> BytesIO:
        return BytesIO(self._told)
