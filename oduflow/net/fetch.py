"""Send one HTTP request to a checked address, bounded in bytes and in wall-clock time.

Client libraries limit each read, so a server that sends one byte a second can hold them for hours.
Here every wait ends at one deadline. The connection goes to the given address and the certificate
must be valid for the URL's host, so DNS rebinding has no effect. Redirects are not followed, and
proxies from environment variables are not used.
"""

import socket
import ssl
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPMessage, HTTPResponse, IncompleteRead
from io import BufferedReader, RawIOBase
from typing import Any, cast
from urllib.parse import urlsplit

from oduflow.domain.hosts import DEFAULT_PORTS
from oduflow.net.addresses import IPAddress

_MAX_HEAD_BYTES = 24 << 10  # of the response, the reader's buffer of 8 KiB included
_OWN_HEADERS = {"Accept-Encoding": "identity", "Connection": "close", "User-Agent": "oduflow"}


class FetchFailed(Exception):
    """No connection, an untrusted certificate, not HTTP, too many bytes or too late."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request, by default a GET without a body.

    Attributes:
        url: an http or https URL without user information; its host is not resolved.
        address: the address to connect to, which the caller has checked.
        headers: further headers; a `Host` among them replaces the URL's.
        method: the method, in capitals.
        body: the body; its length is sent with it.
    """

    url: str
    address: IPAddress
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    method: str = "GET"
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Response:
    """The server's response.

    Attributes:
        headers: the headers; names are compared without regard to case.
        body: the body; one byte longer than `max_bytes` if it was cut.
    """

    status: int
    headers: HTTPMessage
    body: bytes


def fetch(
    request: Request, *, max_bytes: int, deadline: float, context: ssl.SSLContext | None = None
) -> Response:
    """Send a request and read its response.

    Args:
        request: the URL, address and headers.
        max_bytes: the limit of the body's length.
        deadline: the value of `time.monotonic` at which every wait ends.
        context: the trusted certificates; None for the system's.

    Raises:
        FetchFailed: no response arrived within the limits.
    """
    try:
        with ExitStack() as stack:
            connection = _connect(stack, request, deadline, context)
            stream = _BoundedStream(connection, _MAX_HEAD_BYTES + max_bytes, deadline)
            return _exchange(stream, request, max_bytes)
    except (OSError, HTTPException, ValueError) as cause:
        raise FetchFailed(f"no response to {request.method} {_shown(request.url)}") from cause


@contextmanager
def streamed(
    request: Request, *, stall_seconds: float, context: ssl.SSLContext | None = None
) -> Iterator[HTTPResponse]:
    """Send a request and yield its response before the body is read.

    The connection, the head and each read may take `stall_seconds`; the body's length and the
    whole time are the caller's to limit. An error within the block is translated, too.

    Args:
        request: the URL, address and headers.
        stall_seconds: how long the server may be silent.
        context: the trusted certificates; None for the system's.

    Raises:
        FetchFailed: there is no response, or it breaks off.
    """
    try:
        with ExitStack() as stack:
            connection = _connect(stack, request, time.monotonic() + stall_seconds, context)
            stream = _PatientStream(connection, stall_seconds)
            yield _respond(stream, request)
    except (OSError, HTTPException, ValueError) as cause:
        raise FetchFailed(f"the response to GET {_shown(request.url)} broke off") from cause


def _shown(url: str) -> str:
    """Return a URL without its query, which may be a secret."""
    return url.partition("?")[0]


def _connect(
    stack: ExitStack, request: Request, deadline: float, context: ssl.SSLContext | None
) -> socket.socket:
    parts = urlsplit(request.url)
    target = str(request.address), parts.port or DEFAULT_PORTS[parts.scheme]
    plain = stack.enter_context(socket.create_connection(target, _left(deadline)))
    if parts.scheme == "http":
        return plain
    plain.settimeout(_left(deadline))
    trusted = context or _system_authorities()
    return stack.enter_context(trusted.wrap_socket(plain, server_hostname=parts.hostname))


def _exchange(stream: "_BoundedStream", request: Request, max_bytes: int) -> Response:
    response = _respond(stream, request)
    body = response.read(max_bytes + 1)
    if response.length and len(body) <= max_bytes:
        raise IncompleteRead(body, response.length)
    return Response(response.status, response.headers, body)


def _respond(stream: "_BoundedStream", request: Request) -> HTTPResponse:
    parts = urlsplit(request.url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    writer = HTTPConnection(parts.hostname or "")  # refuses line breaks in path and headers
    writer.sock = cast("socket.socket", stream)
    headers = {"Host": parts.netloc, **_OWN_HEADERS, **request.headers}
    writer.request(request.method, path, request.body or None, headers)
    response = HTTPResponse(cast("socket.socket", stream), method=request.method)
    response.begin()
    return response


@cache
def _system_authorities() -> ssl.SSLContext:
    return ssl.create_default_context()


def _left(deadline: float) -> float:
    """Return the seconds until the deadline, never 0, which makes a socket non-blocking."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class _BoundedStream(RawIOBase):
    """A connection with the methods that http.client calls; every wait ends at the deadline."""

    def __init__(self, connection: socket.socket, max_bytes: int, deadline: float) -> None:
        self._connection, self._bytes_left, self._deadline = connection, max_bytes, deadline

    def sendall(self, data: bytes) -> None:
        self._connection.settimeout(_left(self._deadline))
        self._connection.sendall(data)

    def makefile(self, *_: object) -> BufferedReader:
        return BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._connection.settimeout(_left(self._deadline))
        count = self._connection.recv_into(buffer)
        self._bytes_left -= count
        if self._bytes_left < 0:
            raise HTTPException("too many bytes")
        return count


class _PatientStream(_BoundedStream):
    """A connection of which each read may take some seconds, and the body any length."""

    def __init__(self, connection: socket.socket, stall_seconds: float) -> None:
        super().__init__(connection, sys.maxsize, time.monotonic() + stall_seconds)
        self._stall_seconds = stall_seconds

    def readinto(self, buffer: Any) -> int:
        self._deadline = time.monotonic() + self._stall_seconds
        return super().readinto(buffer)
