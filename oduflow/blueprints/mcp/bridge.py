"""Connect WSGI threads with the SDK's event loop."""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from wsgiref.types import WSGIEnvironment

from oduflow.blueprints.mcp.exchange import UNAVAILABLE, Caller, Exchange, Head, Stream
from oduflow.blueprints.wait_limits import RETRY_AFTER_SECONDS, WaitKind, WaitLimiter
from oduflow.domain.errors import Failure

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server

    from oduflow.blueprints.mcp.event_loop import EventLoopThread

CHECK_SECONDS = 0.5
# A caller that deletes its own environment still gets the answer before its credential ends.
FAILED_CHECKS = 2  # in a row

# They belong to one connection (RFC 9110, 7.6.1), and WSGI forbids them (PEP 3333).
HOP_BY_HOP = {
    b"connection",
    b"keep-alive",
    b"proxy-connection",
    b"te",
    b"trailer",
    b"transfer-encoding",
    b"upgrade",
}
LISTEN = "subscriptions/listen"
CLIENT_LEFT = Head(499, [])
CREDENTIAL_ENDED = Head(401, [(b"content-type", b"text/plain")], b"credential ended\n")
# The answer of a server without this stream (MCP, “Streamable HTTP”). Clients then go on without
# it and miss nothing: only answers to their own requests are sent.
NO_FREE_STREAM = Head(
    405, [(b"content-type", b"text/plain"), (b"allow", b"DELETE, POST")], b"no free stream\n"
)


class CallerWatch:
    """Ends a request whose client has left or whose credential is no longer valid.

    Args:
        has_left: whether the client has disconnected.
        still_valid: whether the caller's credential is still valid; asked every half second.
    """

    def __init__(self, has_left: Callable[[], bool], still_valid: Callable[[], bool]) -> None:
        self._has_left = has_left
        self._still_valid = still_valid
        self._checked_at = time.monotonic()
        self._failed = 0

    def is_over(self) -> bool:
        """Return whether the rest of the answer is not to be sent."""
        return self.credential_ended() or self._has_left()

    def credential_ended(self) -> bool:
        """Return whether the caller's credential ended, for example a revoked grant."""
        moment = time.monotonic()
        if self._failed < FAILED_CHECKS and moment - self._checked_at >= CHECK_SECONDS:
            self._checked_at = moment
            self._failed = 0 if self._check() else self._failed + 1
        return self._failed >= FAILED_CHECKS

    def _check(self) -> bool:
        try:
            return self._still_valid()
        except Failure:  # a credential that cannot be checked is treated as an ended one
            return False


@dataclass(frozen=True, slots=True)
class WsgiResponse:
    """Status, headers and body, as a WSGI application returns them."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes | Iterable[bytes]


class Bridge:
    """Serves one MCP server to the threads of a WSGI server.

    The event loop starts with the first request or with `start`: making an application starts no
    thread, and a forked process gets a loop of its own. The SDK is loaded with the loop, because
    it takes longer to load than all other modules together.
    """

    def __init__(self, make_server: "Callable[[], Server[Any]]", wait_limiter: WaitLimiter) -> None:
        self.wait_limiter = wait_limiter
        self._make_server = make_server
        self._loop: EventLoopThread | None = None
        self._starting = threading.Lock()
        self._live: set[Exchange] = set()
        self._closed = threading.Event()

    def serve(
        self,
        environ: WSGIEnvironment,
        caller: Caller,
        body: bytes,
        still_valid: Callable[[], bool] = lambda: True,
    ) -> WsgiResponse:
        """Answer one request of an authenticated caller; blocks until the answer has begun.

        Under waitress the environment shows whether the client is still connected (its
        `channel_request_lookahead` must be above 0); under other servers a client that left is
        noticed at the next write.

        Args:
            environ: the request.
            caller: the caller, with a permit that is not taken yet.
            body: the request's body.
            still_valid: whether the caller's credential is still valid; the answer ends when not.
        """
        watch = CallerWatch(environ.get("waitress.client_disconnected", lambda: False), still_valid)
        if self._closed.is_set():
            return _response(UNAVAILABLE)
        loop = self._running_loop()
        exchange = loop.exchange(environ, caller, body)
        self._live.add(exchange)

        def over() -> None:
            self._live.discard(exchange)
            caller.permit.release()
            exchange.leave()

        loop.submit(exchange)
        if self._closed.is_set():  # closed since the check above, without ending this exchange
            exchange.end()
        head = exchange.head(watch.is_over)
        if head is None:
            head = CREDENTIAL_ENDED if watch.credential_ended() else CLIENT_LEFT
        if head.more and wait_kind(environ) is WaitKind.STREAM and not caller.permit.take():
            head = NO_FREE_STREAM
        if not head.more:
            over()
            return _response(head)

        def following() -> bytes | None:
            return None if watch.credential_ended() else exchange.chunk(watch.is_over)

        return _response(head, Stream(head.chunk, following, over))

    def close(self) -> None:
        """End every stream and every wait, then the loop. Later requests are answered 503.

        Call it before the WSGI server joins its threads. Jobs go on until the process ends.
        """
        self._closed.set()
        for exchange in list(self._live):
            exchange.end()
        with self._starting:
            loop, self._loop = self._loop, None
        if loop is not None and loop.is_alive:
            loop.stop()

    def start(self) -> None:
        """Load the SDK and start the event loop; a second call does nothing."""
        if not self._closed.is_set():
            self._running_loop()

    def _running_loop(self) -> "EventLoopThread":
        loop = self._loop
        if loop is not None and loop.is_alive:
            return loop
        with self._starting:
            if self._loop is None or not self._loop.is_alive:
                from oduflow.blueprints.mcp.event_loop import EventLoopThread  # noqa: PLC0415 - loads the SDK

                self._loop = EventLoopThread(self._make_server())
            return self._loop


def wait_kind(environ: WSGIEnvironment) -> WaitKind:
    """Return what the request's thread would wait for."""
    listens = environ.get("HTTP_MCP_METHOD") == LISTEN and _is_modern(environ)
    return WaitKind.STREAM if listens or environ["REQUEST_METHOD"] == "GET" else WaitKind.CALL


def _is_modern(environ: WSGIEnvironment) -> bool:
    """Return whether the SDK refuses the request if its header names another method than its body.

    It does not in the eras before, whose requests have no such header.
    """
    from mcp.types.version import MODERN_PROTOCOL_VERSIONS  # noqa: PLC0415 - loads the SDK

    return environ.get("HTTP_MCP_PROTOCOL_VERSION") in MODERN_PROTOCOL_VERSIONS


def _response(head: Head, body: Stream | None = None) -> WsgiResponse:
    headers = [
        (key.decode("latin-1"), value.decode("latin-1"))
        for key, value in head.headers
        if key.lower() not in HOP_BY_HOP
    ]
    if head.status == HTTPStatus.SERVICE_UNAVAILABLE:  # ours, or of the SDK: too many sessions
        headers.append(("Retry-After", str(RETRY_AFTER_SECONDS)))
    return WsgiResponse(head.status, headers, head.chunk if body is None else body)
