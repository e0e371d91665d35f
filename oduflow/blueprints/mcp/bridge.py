"""From WSGI to the SDK and back: which thread waits for what, and for how long."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from wsgiref.types import WSGIEnvironment

from oduflow.blueprints.mcp.caller import Caller
from oduflow.blueprints.mcp.exchange import UNAVAILABLE, Exchange, Head
from oduflow.blueprints.mcp.stream import Stream
from oduflow.blueprints.mcp.watch import Watch
from oduflow.blueprints.slots import RETRY_AFTER_SECONDS, Slots, Use

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server

    from oduflow.blueprints.mcp.loop import Loop

# RFC 9110, section 7.6.1: they belong to one connection, and WSGI forbids them (PEP 3333).
HOP_BY_HOP = {
    b"connection",
    b"keep-alive",
    b"proxy-connection",
    b"te",
    b"trailer",
    b"transfer-encoding",
    b"upgrade",
}
CLIENT_LEFT = Head(499, [])
LAPSED = Head(401, [(b"content-type", b"text/plain")], b"no longer let in\n")
NO_ROOM = Head(503, [(b"content-type", b"text/plain")], b"no free stream\n")


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as a WSGI application gives it."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes | Iterable[bytes]


class Bridge:
    """Serves one MCP server to the threads of a WSGI server.

    The loop starts with the first request, or on request: making an application starts no thread,
    and a process forked from it gets a loop of its own. The SDK takes longer to load than all the
    rest together, so that it is only loaded with the loop.
    """

    def __init__(self, make_server: "Callable[[], Server[Any]]", slots: Slots) -> None:
        self.slots = slots
        self._make_server = make_server
        self._loop: Loop | None = None
        self._starting = threading.Lock()
        self._live: set[Exchange] = set()
        self._closed = threading.Event()

    def serve(
        self,
        environ: WSGIEnvironment,
        caller: Caller,
        body: bytes,
        stands: Callable[[], bool] = lambda: True,
    ) -> Answer:
        """Answer one request of an authenticated caller; blocks until the answer has begun.

        Args:
            environ: the request.
            caller: who asks, with a slot that is not taken yet.
            body: what was sent.
            stands: whether what let the caller in still would; when not, the answer ends.

        Under waitress the environment tells whether the client is still there (its
        `channel_request_lookahead` must be above 0); under other servers a client that left is
        noticed at the next write.
        """
        watch = Watch(environ.get("waitress.client_disconnected", _never), stands)
        if self._closed.is_set():
            return _answer(UNAVAILABLE)
        loop = self._here()
        exchange = loop.exchange(environ, caller, body)
        self._live.add(exchange)

        def over() -> None:
            self._live.discard(exchange)
            caller.slot.release()
            exchange.leave()

        loop.submit(exchange)
        if self._closed.is_set():  # since the look above, so nobody has ended this one
            exchange.end()
        head = exchange.head(watch.is_over) or (LAPSED if watch.lapsed() else CLIENT_LEFT)
        if head.more and use_of(environ) is Use.STREAM and not caller.slot.take():
            head = NO_ROOM
        if not head.more:
            over()
            return _answer(head)

        def following() -> bytes | None:
            return None if watch.lapsed() else exchange.chunk(watch.is_over)

        return _answer(head, Stream(head.chunk, following, over))

    def close(self) -> None:
        """End every stream and every wait, then the loop; later requests are answered 503.

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
        """Load the SDK and start the loop; a second call does nothing."""
        if not self._closed.is_set():
            self._here()

    def _here(self) -> "Loop":
        loop = self._loop
        if loop is not None and loop.is_alive:
            return loop
        with self._starting:
            if self._loop is None or not self._loop.is_alive:
                from oduflow.blueprints.mcp.loop import Loop  # noqa: PLC0415 - see the class

                self._loop = Loop(self._make_server())
            return self._loop


def use_of(environ: WSGIEnvironment) -> Use:
    """Say what a request's thread would wait for."""
    return Use.STREAM if environ["REQUEST_METHOD"] == "GET" else Use.CALL


def _answer(head: Head, body: Stream | None = None) -> Answer:
    headers = [
        (key.decode("latin-1"), value.decode("latin-1"))
        for key, value in head.headers
        if key.lower() not in HOP_BY_HOP
    ]
    if head.status == HTTPStatus.SERVICE_UNAVAILABLE:  # ours, or the SDK's: too many sessions
        headers.append(("Retry-After", str(RETRY_AFTER_SECONDS)))
    return Answer(head.status, headers, head.chunk if body is None else body)


def _never() -> bool:
    return False
