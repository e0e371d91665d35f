"""Handlers of `tools/list` and `tools/call`.

A client that leaves or sends `notifications/cancelled` ends our waiting, never the job: a lost
connection must not undo minutes of work, and the 2026 protocol does not distinguish the two. The
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

from oduflow.blueprints.audit import record_outside_request
from oduflow.blueprints.mcp.exchange import Caller
from oduflow.blueprints.mcp.progress import ProgressReporter
from oduflow.blueprints.mcp.results import refusal_of, result_of
from oduflow.blueprints.mcp.scope import User
from oduflow.blueprints.mcp.tools import TARGET, Tools
from oduflow.blueprints.mcp.workers import Workers
from oduflow.domain.access import Scope
from oduflow.domain.errors import Failure, Internal, Kind, RateLimited
from oduflow.domain.outcome import FINISHED, Envelope
from oduflow.kernel.operation import Operation
from oduflow.kernel.runner import Runner

log = logging.getLogger(__name__)

RequestContext = ServerRequestContext[Any, Any]

# A call that takes longer returns the job's handle. Clients give up after 60 s, some after 30 s.
WAIT_SECONDS = 20.0
POLL_SECONDS = 0.5  # within which a caller that left is noticed


class Handlers:
    """The handlers of one server."""

    def __init__(self, runner: Runner, tools: Tools, wait_seconds: float) -> None:
        self._runner = runner
        self._tools = tools
        self._workers = Workers()
        self._wait_seconds = wait_seconds

    async def list_tools(
        self, ctx: RequestContext, params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        """List the tools that the caller may call, on one page."""
        if params is not None and params.cursor is not None:
            raise MCPError(types.INVALID_PARAMS, "Unknown cursor: there is one page only")
        names = self._tools.visible(caller_of(ctx).actor)
        return types.ListToolsResult(tools=self._tools.listed(names))

    async def call_tool(
        self, ctx: RequestContext, params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        """Run a tool. A failure of the product is a result with `isError`, not a JSON-RPC error.

        Raises:
            MCPError: there is no tool of that name.
        """
        operation = self._tools.operation(params.name)
        if operation is None:
            await self._record(ctx, "unknown_tool", Kind.NOT_FOUND)
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
        self, ctx: RequestContext, operation: Operation, raw: Mapping[str, Any]
    ) -> Envelope[Any]:
        caller = caller_of(ctx)
        until = time.monotonic() + self._wait_seconds
        try:
            caller.permit.take_for(operation, raw)
            may_wait = operation.slow and caller.permit.take()
            worker = await self._workers.acquire(caller.actor.team)
        except RateLimited as refusal:
            await self._record(ctx, operation.name, refusal.kind)
            raise
        call = partial(self._runner.call, operation.name, raw, caller.actor, caller.origin)
        try:
            answer = await self._workers.wait(call)
        finally:
            worker.release()
        if not (may_wait and answer.job):
            return answer
        return await self._follow(ctx, answer.job, until)

    async def _record(self, ctx: RequestContext, operation: str, kind: Kind) -> None:
        """Record a refusal that the runner does not record, because it was not called."""
        caller, audit = caller_of(ctx), self._runner.audit
        await self._workers.wait(
            partial(record_outside_request, audit, operation, caller.actor, caller.origin, kind)
        )

    async def _follow(self, ctx: RequestContext, job: str, until: float) -> Envelope[Any]:
        caller = caller_of(ctx)
        progress = ProgressReporter(ctx.session)
        while True:
            look = max(0.0, min(POLL_SECONDS, until - time.monotonic()))
            found = await self._workers.wait(
                partial(self._runner.jobs.wait, caller.actor.team, job, look)
            )
            await progress.report(found)
            if found.status in FINISHED or look == 0 or caller.permit.over:
                return self._runner.handle(found)


def _targeted(operation: Operation, raw: Mapping[str, Any], environment: str) -> Mapping[str, Any]:
    """Add the environment of the path to the arguments; the runner refuses any other."""
    if not environment or operation.scope is not Scope.ENVIRONMENT:
        return raw
    return {TARGET: environment, **raw}


def caller_of(ctx: RequestContext) -> Caller:
    """Return the caller of this request; the blueprint authenticates every request."""
    assert ctx.request is not None  # noqa: S101 - every request comes over HTTP
    user = ctx.request.scope["user"]
    assert isinstance(user, User)  # noqa: S101 - `http_scope` puts no other there
    return user.caller
