"""Calls of operations from the event loop: limits, worker threads, waiting for jobs.

A client that leaves or sends `notifications/cancelled` ends our waiting, never the job: a lost
connection must not undo minutes of work, and the 2026 protocol does not distinguish the two. The
tool `cancel_job` stops a job.
"""

import math
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
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
from oduflow.blueprints.mcp.results import result_of
from oduflow.blueprints.mcp.scope import User
from oduflow.blueprints.mcp.tools import TARGET, Shape
from oduflow.blueprints.processor_share import measured
from oduflow.domain.access import Scope
from oduflow.domain.errors import Failure, Kind, RateLimited
from oduflow.domain.job import Job
from oduflow.domain.outcome import FINISHED, Envelope, Status
from oduflow.kernel.operation import Operation
from oduflow.kernel.runner import Runner, progress_text

T = TypeVar("T")
RequestContext = ServerRequestContext[Any, Any]

# Half of the requests that a team may have running (`WaitLimits.requests`); the others may wait.
CALLS_OF_A_TEAM = 12
PATIENCE_SECONDS = 1.0
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


class Calls:
    """Makes calls of one server, each under its caller's limits.

    A call waits `wait_seconds` for a job before its answer is the job's handle.
    """

    def __init__(self, runner: Runner, wait_seconds: float) -> None:
        self.runner = runner
        self._uncounted = runner.uncounted()
        self._workers = Workers()
        self._wait_seconds = wait_seconds

    async def answer(
        self, ctx: RequestContext, operation: Operation, raw: Mapping[str, Any]
    ) -> Envelope[Any]:
        """Make a call, and wait for its job if it starts one.

        Raises:
            Failure: it was refused, or failed.
        """
        until = time.monotonic() + self._wait_seconds
        answer, may_wait = await self._made(ctx, self.runner, operation, raw)
        if not (may_wait and answer.job):
            return answer
        return await self._follow(ctx, answer.job, until)

    async def start(
        self, ctx: RequestContext, operation: Operation, raw: Mapping[str, Any]
    ) -> Envelope[Any]:
        """Make a call, and do not wait for its job.

        Raises:
            Failure: it was refused, or failed.
        """
        answer, _may_wait = await self._made(ctx, self.runner, operation, raw)
        return answer

    async def look_up(
        self, ctx: RequestContext, operation: Operation, raw: Mapping[str, Any]
    ) -> Envelope[Any]:
        """Make a call that reads what a list of this face shows; no grant's calls are used up.

        Raises:
            Failure: it was refused, or failed.
        """
        answer, _may_wait = await self._made(ctx, self._uncounted, operation, raw)
        return answer

    async def _made(
        self, ctx: RequestContext, runner: Runner, operation: Operation, raw: Mapping[str, Any]
    ) -> tuple[Envelope[Any], bool]:
        """Make a call under the caller's limits; return also whether it may wait for its job."""
        caller = caller_of(ctx)
        try:
            caller.permit.begin()
            caller.permit.take_for(operation, raw)
            may_wait = operation.slow and caller.permit.take()
            worker = await self._workers.acquire(caller.actor.team)
        except RateLimited as refusal:
            await self.record(ctx, operation.name, refusal.kind)
            raise
        call = partial(runner.call, operation.name, raw, caller.actor, caller.origin)
        try:
            return await self._workers.wait(partial(measured, caller.charge, call)), may_wait
        finally:
            worker.release()

    async def look_up_begun(
        self, ctx: RequestContext, operation: Operation, raw: Mapping[str, Any]
    ) -> Envelope[Any]:
        """Read about what this request has begun: the limits for a request do not refuse it again.

        Raises:
            Failure: it cannot be read.
        """
        caller = caller_of(ctx)
        call = partial(self._uncounted.call, operation.name, raw, caller.actor, caller.origin)
        return await self.work(call)

    @asynccontextmanager
    async def limited(self, ctx: RequestContext, name: str) -> AsyncIterator[None]:
        """Hold what a call holds, for a request that is none, and record under a name how it ends.

        Raises:
            Failure: the limits refuse it, or the block does.
            MCPError: the block found no such thing.
        """
        caller = caller_of(ctx)
        try:
            caller.permit.begin()
            worker = await self._workers.acquire(caller.actor.team)
            try:
                yield
            finally:
                worker.release()
        except (Failure, MCPError) as refusal:
            kind = refusal.kind if isinstance(refusal, Failure) else Kind.NOT_FOUND
            await self.record(ctx, name, kind)
            raise
        await self.record(ctx, name, Status.OK)

    async def result(
        self, ctx: RequestContext, answer: Envelope[Any], shape: Shape
    ) -> types.CallToolResult:
        """Return an answer as the result of its tool, with the image that belongs to it."""
        return result_of(answer, shape, await self.image(ctx, answer))

    async def image(self, ctx: RequestContext, answer: Envelope[Any]) -> bytes | None:
        """Return the image that belongs to an answer; None if it has none, or it is gone."""
        if answer.image is None:
            return None
        team = caller_of(ctx).actor.team
        return await self.work(partial(self.runner.image, team, answer.image))

    async def work(self, work: Callable[[], T]) -> T:
        """Run a short read of the store in a thread, which counts against no team."""
        return await self._workers.wait(work)

    async def record(self, ctx: RequestContext, operation: str, outcome: Kind | str) -> None:
        """Record what the runner does not record, because it was not called."""
        caller, audit = caller_of(ctx), self.runner.audit
        await self._workers.wait(
            partial(record_outside_request, audit, operation, caller.actor, caller.origin, outcome)
        )

    async def _follow(self, ctx: RequestContext, job: str, until: float) -> Envelope[Any]:
        caller = caller_of(ctx)
        progress = ProgressReporter(ctx.session)
        while True:
            look = max(0.0, min(POLL_SECONDS, until - time.monotonic()))
            found = await self._workers.wait(
                partial(self.runner.jobs.wait, caller.actor.team, job, look)
            )
            await progress.report(found)
            if found.status in FINISHED or look == 0 or caller.permit.over:
                return self.runner.handle(found, caller.actor)


def targeted(operation: Operation, raw: Mapping[str, Any], environment: str) -> Mapping[str, Any]:
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


def one_page(params: types.PaginatedRequestParams | None) -> None:
    """Refuse a cursor: every list has one page.

    Raises:
        MCPError: there is a cursor.
    """
    if params is not None and params.cursor:
        raise MCPError(types.INVALID_PARAMS, "Unknown cursor: there is one page only")
