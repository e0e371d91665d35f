"""Handlers of `tools/list` and `tools/call`.

A client that leaves or sends `notifications/cancelled` ends our waiting, never the job: a lost
connection must not undo minutes of work, and the 2026 protocol does not distinguish the two. The
tool `cancel_job` stops a job.
"""

import logging
import math
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

import anyio
from anyio import CapacityLimiter, to_thread
from mcp import types
from mcp.server.context import ServerRequestContext
from mcp.server.session import ServerSession
from mcp.shared.exceptions import MCPError

from oduflow.blueprints.audit import record_outside_request
from oduflow.blueprints.mcp.exchange import Caller
from oduflow.blueprints.mcp.results import refusal_of, result_of
from oduflow.blueprints.mcp.scope import User
from oduflow.blueprints.mcp.tools import TARGET, Tools
from oduflow.blueprints.processor_share import measured
from oduflow.domain.access import Actor, Scope
from oduflow.domain.errors import Failure, Internal, Kind, RateLimited
from oduflow.domain.job import Job, progress_text
from oduflow.domain.outcome import FINISHED, Envelope
from oduflow.kernel.operation import Operation
from oduflow.kernel.runner import Runner

log = logging.getLogger(__name__)

T = TypeVar("T")
RequestContext = ServerRequestContext[Any, Any]

# Half of the requests that a team may have running (`WaitLimits.requests`); the others may wait.
CALLS_OF_A_TEAM = 12
PATIENCE_SECONDS = 1.0
# A call that takes longer returns the job's handle. Clients give up after 60 s, some after 30 s.
WAIT_SECONDS = 20.0
MAX_NAME = 100  # characters of an unknown tool's name in the message
POLL_SECONDS = 0.5  # within which a caller that left is noticed


class ProgressReporter:
    """Reports a job's progress to one caller, if it gave a progress token.

    Progress must increase with every notification (MCP, “Progress”). A further message of the same
    step therefore adds half of what is left to the next step.
    """

    def __init__(self, session: ServerSession) -> None:
        self._session = session
        self._value = 0.0
        self._reported = ""

    async def report(self, job: Job) -> None:
        """Send a notification if the job's progress text has changed."""
        message = progress_text(job)
        if message == self._reported:
            return
        self._reported = message
        step = float(job.progress.done) if job.progress else 0.0
        total = float(job.progress.total) if job.progress and job.progress.total else None
        self._value = step if step > self._value else (self._value + int(self._value) + 1) / 2
        await self._session.report_progress(self._value, total, message)


class Workers:
    """Runs calls in worker threads beside the event loop to which it belongs.

    A thread cannot be stopped from outside, so a call whose client has left keeps its thread until
    it ends. The limit for each team keeps that from affecting other teams.
    """

    def __init__(self) -> None:
        self._of_team: dict[str, CapacityLimiter] = {}
        self._unlimited = CapacityLimiter(math.inf)

    async def acquire(self, team: str) -> CapacityLimiter:
        """Acquire one of the team's workers for an operation; call `release` on the result.

        Raises:
            RateLimited: all workers of the team are busy, and none became free in time.
        """
        limiter = self._of_team.setdefault(team, CapacityLimiter(CALLS_OF_A_TEAM))
        try:
            with anyio.fail_after(PATIENCE_SECONDS):
                await limiter.acquire()
        except TimeoutError:
            raise RateLimited(
                f"{CALLS_OF_A_TEAM} calls of this team are running already.",
                "Nothing was started; call again when one of them has ended.",
                retry_after=5,
            ) from None
        return limiter

    async def wait(self, work: Callable[[], T]) -> T:
        """Run `work` in a thread without counting it against a team."""
        return await to_thread.run_sync(work, limiter=self._unlimited)


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
        if params is not None and params.cursor:
            raise MCPError(types.INVALID_PARAMS, "Unknown cursor: there is one page only")
        caller = caller_of(ctx)
        return types.ListToolsResult(tools=self._tools.listed(caller.actor, caller.profile))

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
            raise MCPError(types.INVALID_PARAMS, self._unknown(params.name, caller_of(ctx).actor))
        try:
            raw = _targeted(operation, params.arguments or {}, caller_of(ctx).environment)
            answer = await self._answer(ctx, operation, raw)
            return result_of(answer, self._tools.shape(operation.name))
        except Failure as failure:
            return refusal_of(failure)
        except Exception:
            log.exception("%s hit a defect", operation.name)
            hint = "The server's log has the traceback; please report it."
            return refusal_of(
                Internal(
                    f"{operation.name} failed with an internal error, a defect of Oduflow.", hint
                )
            )

    def _unknown(self, name: str, actor: Actor) -> str:
        """Return the message for an unknown tool; it suggests only what the caller may call."""
        close = self._tools.closest(name.lower().replace("-", "_"), actor)
        hint = f"Did you mean {close}?" if close else "tools/list has those there are."
        return f"Unknown tool: {name[:MAX_NAME]}. {hint}"

    async def _answer(
        self, ctx: RequestContext, operation: Operation, raw: Mapping[str, Any]
    ) -> Envelope[Any]:
        caller = caller_of(ctx)
        until = time.monotonic() + self._wait_seconds
        try:
            caller.permit.begin()
            caller.permit.take_for(operation, raw)
            may_wait = operation.slow and caller.permit.take()
            worker = await self._workers.acquire(caller.actor.team)
        except RateLimited as refusal:
            await self._record(ctx, operation.name, refusal.kind)
            raise
        call = partial(self._runner.call, operation.name, raw, caller.actor, caller.origin)
        try:
            answer = await self._workers.wait(partial(measured, caller.charge, call))
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
                return self._runner.handle(found, caller.actor)


def _targeted(operation: Operation, raw: Mapping[str, Any], environment: str) -> Mapping[str, Any]:
    """Add the environment of the path to the arguments; the runner refuses any other.

    Null means that an argument is left out (`kernel/coercion.py`).
    """
    if not environment or operation.scope is not Scope.ENVIRONMENT or raw.get(TARGET) is not None:
        return raw
    return {**raw, TARGET: environment}


def caller_of(ctx: RequestContext) -> Caller:
    """Return the caller of this request; the blueprint authenticates every request."""
    assert ctx.request is not None  # noqa: S101 - every request comes over HTTP
    user = ctx.request.scope["user"]
    assert isinstance(user, User)  # noqa: S101 - `http_scope` puts no other there
    return user.caller
