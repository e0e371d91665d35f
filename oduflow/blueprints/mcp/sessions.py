"""The cap on open MCP sessions, for each team.

The SDK limits the sessions of a session manager, not those of a caller. So each team has a manager
of its own, and no team can use up the sessions of another.
"""

import asyncio
from typing import Any

from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.types import ASGIApp, Receive, Scope, Send

# Each open session of the 2025 protocol keeps a few tasks; an idle one ends after 30 minutes.
MAX_SESSIONS = 100


class TeamSessions:
    """The session managers of all teams; belongs to one event loop."""

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
        manager = StreamableHTTPSessionManager(self._server, max_sessions=MAX_SESSIONS)
        # The SDK requires that a manager ends in the task that started it.
        async with manager.run():
            app.set_result(manager.asgi_app)
            await self._stopping.wait()
