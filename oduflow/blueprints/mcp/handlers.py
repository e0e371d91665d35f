"""What the server does when a client lists its tools or calls one.

A client that leaves or sends `notifications/cancelled` ends our waiting, never the job: a lost
connection must not undo minutes of work, and on the 2026 wire the two cannot be told apart. The
tool `cancel_job` stops a job.
"""

import logging
import time
from collections.abc import Mapping
from functools import partial
from typing import Any

from mcp import types
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError

from oduflow.blueprints.mcp.caller import Caller
from oduflow.blueprints.mcp.progress import ProgressTeller
from oduflow.blueprints.mcp.results import refusal_of, result_of
from oduflow.blueprints.mcp.scope import User
from oduflow.blueprints.mcp.tools import TARGET, Tools
from oduflow.blueprints.mcp.workers import Workers
from oduflow.blueprints.slots import take_room
from oduflow.blueprints.trail import keep
from oduflow.domain.access import Scope
from oduflow.domain.errors import Failure, Internal, Kind, RateLimited
from oduflow.domain.outcome import FINISHED, Envelope
from oduflow.kernel.operation import Operation
from oduflow.kernel.runner import Runner

log = logging.getLogger(__name__)

Context = ServerRequestContext[Any, Any]

# What takes longer answers a job's handle. Clients give up after 60 s, some after 30 s.
WAIT_SECONDS = 20.0
LOOK_SECONDS = 0.5  # how late we notice that nobody waits any more


class Handlers:
    """The handlers of one server."""

    def __init__(self, runner: Runner, tools: Tools, wait_seconds: float) -> None:
        self._runner = runner
        self._tools = tools
        self._workers = Workers()
        self._wait_seconds = wait_seconds

    async def list_tools(
        self, ctx: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        """List the tools that the caller may call, on one page."""
        if params is not None and params.cursor is not None:
            raise MCPError(types.INVALID_PARAMS, "Unknown cursor: there is one page only")
        names = self._tools.visible(caller_of(ctx).actor)
        return types.ListToolsResult(tools=self._tools.listed(names))

    async def call_tool(
        self, ctx: Context, params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        """Run a tool; a failure of the product is a result, only an unknown tool is an error.

        Raises:
            MCPError: there is no such tool.
        """
        operation = self._tools.operation(params.name)
        if operation is None:
            await self._remember(ctx, "unknown_tool", Kind.NOT_FOUND)
            raise MCPError(types.INVALID_PARAMS, f"Unknown tool: {params.name}")
        try:
            raw = _targeted(operation, params.arguments or {}, caller_of(ctx).environment)
            answer = await self._answer(ctx, operation, raw)
            return result_of(answer, self._tools.shape(operation.name))
        except Failure as failure:
            return refusal_of(failure)
        except Exception:
            log.exception("%s hit a defect", operation.name)
            hint = "The server's log has the traceback; please report it."
            return refusal_of(Internal(f"{operation.name} hit a defect of ours.", hint))

    async def _answer(
        self, ctx: Context, operation: Operation, raw: Mapping[str, Any]
    ) -> Envelope[Any]:
        caller = caller_of(ctx)
        until = time.monotonic() + self._wait_seconds
        try:
            take_room(caller.slot, operation, raw)
            may_wait = operation.slow and caller.slot.take()
            place = await self._workers.place(caller.actor.team)
        except RateLimited as refusal:
            await self._remember(ctx, operation.name, refusal.kind)
            raise
        call = partial(self._runner.call, operation.name, raw, caller.actor, caller.origin)
        try:
            answer = await self._workers.wait(call)
        finally:
            place.release()
        if not (may_wait and answer.job):
            return answer
        return await self._follow(ctx, answer.job, until)

    async def _remember(self, ctx: Context, operation: str, kind: Kind) -> None:
        """Remember a refusal of our own: the runner did not hear of the call."""
        caller, audit = caller_of(ctx), self._runner.audit
        await self._workers.wait(partial(keep, audit, operation, caller.actor, caller.origin, kind))

    async def _follow(self, ctx: Context, job: str, until: float) -> Envelope[Any]:
        caller = caller_of(ctx)
        progress = ProgressTeller(ctx.session)
        while True:
            look = max(0.0, min(LOOK_SECONDS, until - time.monotonic()))
            found = await self._workers.wait(
                partial(self._runner.jobs.wait, caller.actor.team, job, look)
            )
            await progress.tell(found)
            if found.status in FINISHED or look == 0 or caller.slot.over:
                return self._runner.handle(found)


def _targeted(operation: Operation, raw: Mapping[str, Any], environment: str) -> Mapping[str, Any]:
    """Say which environment a call is about where the path does; the runner refuses another."""
    if not environment or operation.scope is not Scope.ENVIRONMENT:
        return raw
    return {TARGET: environment, **raw}


def caller_of(ctx: Context) -> Caller:
    """Return who sent this request; the blueprint lets nobody in without."""
    assert ctx.request is not None  # noqa: S101 - every request comes over HTTP
    user = ctx.request.scope["user"]
    assert isinstance(user, User)  # noqa: S101 - the loop puts no other there
    return user.caller
