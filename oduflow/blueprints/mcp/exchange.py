"""One HTTP exchange: the SDK answers on the event loop, a WSGI thread takes the answer."""

import asyncio
import contextlib
import logging
import queue
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Scope

from oduflow.blueprints.mcp import sse

log = logging.getLogger(__name__)

Headers = list[tuple[bytes, bytes]]

# A reply that comes alone within this time goes out as plain JSON, which keeps the connection;
# below the idle limit of usual proxies (30 s and more).
HOLD_SECONDS = 10.0
POLL_SECONDS = 0.5  # how often a waiting thread looks whether its client has left
MAX_QUEUED = 256  # chunks that a slow reader may leave lying before the producer waits
SLOW_READER_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Head:
    """How an answer begins: status, headers, first bytes, and whether more follow."""

    status: int
    headers: Headers
    chunk: bytes = b""
    more: bool = False


UNAVAILABLE = Head(503, [(b"content-type", b"text/plain")], b"closing\n")
DEFECT = Head(500, [(b"content-type", b"text/plain")], b"internal error\n")


class Exchange:
    """Carries one request to an ASGI application and its answer back to a thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, scope: Scope, body: bytes) -> None:
        self._loop = loop
        self._scope = scope
        self._body: bytes | None = body
        self._gone = asyncio.Event()
        self._head: Future[Head] = Future()
        self._chunks: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._started: Head | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._held = b""
        self._reply: bytes | None = None
        self._over = False

    # On the event loop.

    async def run(self, app: ASGIApp) -> None:
        """Let `app` answer; whatever happens, the waiting thread learns that it is over."""
        failed = UNAVAILABLE
        try:
            await app(self._scope, self._receive, self._send)
        except Exception:
            log.exception("an MCP exchange hit a defect")
            failed = DEFECT
        finally:
            if self._timer is not None:
                self._timer.cancel()
            self._over = True
            self._settle(failed)
            self._chunks.put(None)

    async def _receive(self) -> Message:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start(message)
            return
        chunk, more = message.get("body", b""), message.get("more_body", False)
        if not self._head.done():
            self._first(chunk, more=more)
            return
        while self._chunks.qsize() > MAX_QUEUED and not self._gone.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._gone.wait(), SLOW_READER_SECONDS)
        if chunk:
            self._chunks.put(chunk)

    def _start(self, message: Message) -> None:
        headers: Headers = list(message["headers"])
        self._started = Head(message["status"], headers)
        if any(
            key == b"content-type" and value.startswith(sse.MEDIA_TYPE) for key, value in headers
        ):
            # WSGI sends no head before the first bytes, so an idle stream must send some.
            hold = HOLD_SECONDS if self._scope["method"] == "POST" else 0
            self._timer = self._loop.call_later(hold, self._stream, sse.OPEN)

    def _first(self, chunk: bytes, *, more: bool) -> None:
        started = self._started or DEFECT
        if self._timer is None:
            self._settle(Head(started.status, started.headers, chunk, more))
        elif self._reply is not None and not more and not chunk:
            self._settle(_plain(started, self._reply))
        elif more and not self._held and (reply := sse.lone_reply(chunk)) is not None:
            self._held, self._reply = chunk, reply
        else:
            self._stream(chunk)

    def _stream(self, chunk: bytes) -> None:
        started = self._started or DEFECT
        self._settle(Head(started.status, started.headers, self._held + chunk, more=True))

    def _settle(self, head: Head) -> None:
        with contextlib.suppress(InvalidStateError):  # it has begun already
            self._head.set_result(head)

    # In the WSGI thread.

    def head(self, is_gone: Callable[[], bool]) -> Head | None:
        """Wait for the answer's beginning; None when the client left before it."""
        while True:
            try:
                return self._head.result(POLL_SECONDS)
            except TimeoutError:
                if is_gone():
                    return None

    def chunk(self, is_gone: Callable[[], bool]) -> bytes | None:
        """Wait for the next bytes of a stream; None at its end or when the client left."""
        while True:
            try:
                return self._chunks.get(timeout=POLL_SECONDS)
            except queue.Empty:
                if is_gone():
                    return None

    # From any thread.

    def leave(self) -> None:
        """Say that nobody reads the answer any more; what waits for the client is cancelled."""
        if not self._over:
            self._loop.call_soon_threadsafe(self._gone.set)

    def end(self) -> None:
        """Set the waiting thread free at once, as the server is closing."""
        self._settle(UNAVAILABLE)
        self._chunks.put(None)
        self.leave()


def _plain(started: Head, reply: bytes) -> Head:
    kept = [
        (key, value)
        for key, value in started.headers
        if key not in {b"content-type", b"cache-control", b"x-accel-buffering"}
    ]
    return Head(started.status, [*kept, (b"content-type", b"application/json")], reply)
