"""The event loop that runs the SDK, in a thread of its own."""

import asyncio
import logging
import threading
from concurrent.futures import Future
from typing import Any
from wsgiref.types import WSGIEnvironment

from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.types import ASGIApp, Receive, Scope, Send

from oduflow.blueprints.mcp.exchange import Caller, Exchange
from oduflow.blueprints.mcp.messages import accepted
from oduflow.blueprints.mcp.scope import http_scope
from oduflow.blueprints.mcp.session_limit import MAX_SESSIONS, SessionLimit

log = logging.getLogger(__name__)

START_SECONDS = 30.0
STOP_SECONDS = 2.0


class TeamSessions:
    """Caps the open MCP sessions of each team; belongs to one event loop.

    The SDK limits the sessions of a session manager, not those of a caller. So each team has a
    manager of its own, and no team can use up the sessions of another.
    """

    def __init__(self, server: Server[Any]) -> None:
        self._server = server
        self._managers: dict[str, asyncio.Task[None]] = {}
        self._apps: dict[str, asyncio.Future[ASGIApp]] = {}
        self._stopping = asyncio.Event()

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the session manager of the caller's team answer; the first call starts it."""
        team = scope["user"].caller.actor.team
        if team not in self._managers:
            self._apps[team] = asyncio.get_running_loop().create_future()
            self._managers[team] = asyncio.create_task(self._manage(self._apps[team]))
        app = await asyncio.shield(self._apps[team])  # a caller that leaves cancels no other
        await app(scope, receive, send)

    async def until_stopped(self) -> None:
        """Return when `stop` was called and every session has ended."""
        await self._stopping.wait()
        await asyncio.gather(*self._managers.values())

    def stop(self) -> None:
        """End every session; call it in the event loop."""
        self._stopping.set()

    async def _manage(self, app: asyncio.Future[ASGIApp]) -> None:
        manager = StreamableHTTPSessionManager(self._server, max_sessions=2 * MAX_SESSIONS)
        # The SDK requires that a manager ends in the task that started it.
        async with manager.run():
            app.set_result(SessionLimit(manager.asgi_app).answer)
            await self._stopping.wait()


class EventLoopThread:
    """Runs one MCP server until it is stopped.

    Host and Origin are checked before a request gets here, so the SDK's own check stays off.
    """

    def __init__(self, server: Server[Any]) -> None:
        self._sessions = TeamSessions(server)
        self._loop: Future[asyncio.AbstractEventLoop] = Future()
        self._tasks: set[Future[None]] = set()
        self._thread = threading.Thread(target=self._run, name="mcp-loop", daemon=True)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs; False in a process forked from the one that started it."""
        return self._thread.is_alive()

    @property
    def running(self) -> asyncio.AbstractEventLoop:
        """The event loop; waits until it runs."""
        return self._loop.result(START_SECONDS)

    def exchange(self, environ: WSGIEnvironment, caller: Caller, body: bytes) -> Exchange:
        """Return the exchange of a caller's request; `submit` starts it."""
        accepts = accepted(environ.get("HTTP_ACCEPT"))
        return Exchange(self.running, http_scope(environ, caller), body, accepts)

    def submit(self, exchange: Exchange) -> None:
        """Let the SDK answer an exchange."""
        running = exchange.run(self._sessions.answer)
        task = asyncio.run_coroutine_threadsafe(running, self.running)
        # The event loop itself keeps only weak references to tasks.
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def stop(self) -> None:
        """Cancel all tasks and end the thread. Does not wait for a call that does not end."""
        self.running.call_soon_threadsafe(self._sessions.stop)
        self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except Exception as defect:
            log.exception("the MCP loop ended")
            if not self._loop.done():
                self._loop.set_exception(defect)

    async def _main(self) -> None:
        self._loop.set_result(asyncio.get_running_loop())
        await self._sessions.until_stopped()
