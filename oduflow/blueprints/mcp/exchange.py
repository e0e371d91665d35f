"""One HTTP exchange: the SDK answers on the event loop, a WSGI thread sends the answer."""

import asyncio
import contextlib
import logging
import queue
from collections.abc import Callable, Iterator
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass, field

from pydantic_core import from_json
from starlette.types import ASGIApp, Message, Scope

from oduflow.blueprints.wait_limits import WaitPermit
from oduflow.domain.access import Actor
from oduflow.kernel.call import Origin
from oduflow.kernel.operation import Profile

log = logging.getLogger(__name__)

Headers = list[tuple[bytes, bytes]]

# A single reply within this time is sent as plain JSON, which keeps the connection open; below
# the idle limit of usual proxies (30 s and more).
HOLD_SECONDS = 10.0
LONGEST_HOLD_SECONDS = 55.0  # for a client that accepts JSON only
POLL_SECONDS = 0.5  # how often a waiting thread checks whether its client has left
MAX_QUEUED = 256  # unread chunks at which the producer waits for a slow reader
SLOW_READER_SECONDS = 0.02
# Server-Sent Events (WHATWG HTML, section 9.2).
SSE = b"text/event-stream"
SSE_OPEN = b": open\r\n\r\n"  # a comment, which clients ignore; it makes the head go out
_SSE_PREFIX, _SSE_SUFFIX = b"event: message\r\ndata: ", b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Caller:
    """The caller of one request, as the blueprint hands it to the handlers.

    Attributes:
        permit: the request's permission to keep one of the server's threads waiting.
        environment: name of the environment in the path; empty for the path of the whole team.
        profile: the shorter list of tools that the URL asks for; None for all of them.
        charge: counts processor time that the call uses besides this thread's.
    """

    actor: Actor
    origin: Origin
    permit: WaitPermit
    environment: str = ""
    profile: Profile | None = None
    charge: Callable[[float], object] = field(default=lambda _seconds: None, compare=False)


@dataclass(frozen=True, slots=True)
class Head:
    """The beginning of an answer: status, headers, first bytes, and whether more follow."""

    status: int
    headers: Headers
    chunk: bytes = b""
    more: bool = False


UNAVAILABLE = Head(503, [(b"content-type", b"text/plain")], b"closing\n")
DEFECT = Head(500, [(b"content-type", b"text/plain")], b"internal error\n")


class Exchange:
    """Passes one request to an ASGI application, and its answer back to a thread."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        scope: Scope,
        body: bytes,
        accepts: tuple[bool, bool] = (True, True),
    ) -> None:
        """Prepare one exchange.

        Args:
            loop: the event loop.
            scope: the request's ASGI scope.
            body: the request's body.
            accepts: whether the client accepts JSON, and whether it accepts a stream.
        """
        self._loop = loop
        self._accepts_json, accepts_stream = accepts
        self._hold_seconds = HOLD_SECONDS if accepts_stream else LONGEST_HOLD_SECONDS
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
        """Let `app` answer, and always tell the waiting thread when it has ended."""
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
        if any(key == b"content-type" and value.startswith(SSE) for key, value in headers):
            # WSGI sends no head before the first bytes, so an idle stream must send some.
            is_reply = self._scope["method"] == "POST" and self._accepts_json
            hold = self._hold_seconds if is_reply else 0
            self._timer = self._loop.call_later(hold, self._stream, SSE_OPEN)

    def _first(self, chunk: bytes, *, more: bool) -> None:
        started = self._started or DEFECT
        if self._timer is None:
            self._settle(Head(started.status, started.headers, chunk, more))
        elif self._reply is not None and not more and not chunk:
            self._settle(_plain(started, self._reply))
        elif (
            self._accepts_json
            and more
            and not self._held
            and (reply := single_reply(chunk)) is not None
        ):
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
        """Wait for the answer's beginning. Return None when the client left before."""
        while True:
            try:
                return self._head.result(POLL_SECONDS)
            except TimeoutError:
                if is_gone():
                    return None

    def chunk(self, is_gone: Callable[[], bool]) -> bytes | None:
        """Wait for the next bytes. Return None at the stream's end or when the client left."""
        while True:
            try:
                return self._chunks.get(timeout=POLL_SECONDS)
            except queue.Empty:
                if is_gone():
                    return None

    # From any thread.

    def leave(self) -> None:
        """Tell the application that the client disconnected, which cancels its waits for it."""
        if not self._over:
            self._loop.call_soon_threadsafe(self._gone.set)

    def end(self) -> None:
        """End the exchange at once, because the server is closing."""
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


def single_reply(chunk: bytes) -> bytes | None:
    """Return the JSON-RPC response that is the whole of this chunk, or None.

    A request or a notification of the server has a `method`; a response has none (JSON-RPC 2.0,
    section 5). Only the parsed message shows it: its params may contain any text.
    """
    if not (chunk.startswith(_SSE_PREFIX) and chunk.endswith(_SSE_SUFFIX)):
        return None
    data = chunk[len(_SSE_PREFIX) : -len(_SSE_SUFFIX)]
    try:
        message = from_json(data)
    except ValueError:  # several events, or a message of several lines
        return None
    is_response = isinstance(message, dict) and "method" not in message and "id" in message
    return data if is_response else None


class Stream(Iterator[bytes]):
    """The chunks of a streamed answer, until there are none or the server stops reading.

    Not a generator: one that was never started would never run its `finally`, so a client that
    leaves between head and body would keep its permit for ever.
    """

    def __init__(
        self, first: bytes, following: Callable[[], bytes | None], on_close: Callable[[], None]
    ) -> None:
        self._first: bytes | None = first
        self._following = following
        self._on_close = on_close

    def __next__(self) -> bytes:
        """Return the next bytes, waiting for them."""
        chunk, self._first = self._first, None
        if chunk is None:
            chunk = self._following()
        if chunk is None:
            raise StopIteration
        return chunk

    def close(self) -> None:
        """End the stream (PEP 3333: called whether or not it was read to its end)."""
        self._on_close()
