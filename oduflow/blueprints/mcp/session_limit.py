"""Limit the open sessions of a team: one too many ends the session that was idle longest.

Clients of the 2025 protocol rarely end their sessions. The SDK ends an idle one after 30 minutes,
and would refuse a new one until then.
"""

from dataclasses import dataclass

from mcp.server.streamable_http import MCP_SESSION_ID_HEADER
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from oduflow.blueprints.mcp.exchange import Headers

MAX_SESSIONS = 100  # each keeps a few tasks
_ID = MCP_SESSION_ID_HEADER.encode()


@dataclass(slots=True)
class OpenSession:
    """An open session: the scope of its last request, and how many requests are being served."""

    scope: Scope
    requests: int = 0


class SessionLimit:
    """Answers requests of one team by the SDK's application, and caps its open sessions.

    It belongs to one event loop.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._open: dict[str, OpenSession] = {}  # the one that was idle longest is the first

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; one that opened a session too many ends another."""
        named = self._open.get(_session_id(scope["headers"]))
        opened = ""

        async def watch(message: Message) -> None:
            nonlocal opened
            if message["type"] == "http.response.start" and named is None:
                opened = _session_id(message["headers"])
            await send(message)

        if named is not None:
            named.requests += 1
        try:
            await self._app(scope, receive, watch)
        finally:
            if named is not None:
                named.requests -= 1
        if named is not None:
            self._used(scope, named)
        elif opened:
            self._open[opened] = OpenSession(scope)
            await self._end_idle()

    def _used(self, scope: Scope, session: OpenSession) -> None:
        id_ = _session_id(scope["headers"])
        if self._open.pop(id_, None) is not None and scope["method"] != "DELETE":
            self._open[id_] = session

    async def _end_idle(self) -> None:
        """End sessions without a request, as their clients would, until no more than allowed."""
        for id_ in [id_ for id_, session in self._open.items() if not session.requests]:
            if len(self._open) <= MAX_SESSIONS:
                return
            ended = self._open.pop(id_)
            await self._app(_deletion(ended.scope, id_), _nothing_received, _nothing_sent)


def _session_id(headers: Headers) -> str:
    return next((value.decode("latin-1") for key, value in headers if key.lower() == _ID), "")


def _deletion(scope: Scope, id_: str) -> Scope:
    return {**scope, "method": "DELETE", "headers": [(_ID, id_.encode("latin-1"))]}


async def _nothing_received() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _nothing_sent(_message: Message) -> None:
    pass
