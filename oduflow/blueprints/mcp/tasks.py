"""Tasks over jobs: the extension `io.modelcontextprotocol/tasks` (SEP-2663), since 2026-07-28.

A client that declares it gets a task instead of waiting for a slow tool. The task is the job, and
its id the job's: it is in the store, outlives the connection and the server, and is read and
cancelled as get_job and cancel_job do it, by the same callers.
"""

from collections.abc import Mapping
from typing import Any

from mcp import types
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError
from mcp.types.version import MODERN_PROTOCOL_VERSIONS
from pydantic import Field

from oduflow.blueprints.mcp.calls import Calls, RequestContext, caller_of
from oduflow.blueprints.mcp.resource_handlers import error_of
from oduflow.blueprints.mcp.tools import Shape, Tools
from oduflow.domain.errors import Failure, Kind
from oduflow.domain.job import JOBS_KEPT, JobView
from oduflow.domain.outcome import FINISHED, Envelope, ErrorView, Status
from oduflow.kernel.offers import callable_by, offering
from oduflow.kernel.operation import Operation

EXTENSION = "io.modelcontextprotocol/tasks"
POLL_MS = 1000
GET, CANCEL = "get_job", "cancel_job"
_OF_ANY = Shape(Envelope[Any])


class TaskParams(types.RequestParams):
    """One task, by its id."""

    task_id: str = Field(alias="taskId")


class UpdateTaskParams(TaskParams):
    """Answers to what a task asks; ours ask nothing."""

    input_responses: dict[str, Any] = Field(alias="inputResponses")


class TaskHandlers:
    """The handlers of tasks of one server."""

    def __init__(self, calls: Calls, tools: Tools) -> None:
        self._calls = calls
        self._tools = tools

    @property
    def offered(self) -> bool:
        """Whether the server has jobs that can be read and cancelled."""
        return all(self._tools.operation(name) for name in (GET, CANCEL))

    def add_to(self, server: Server[Any]) -> None:
        """Let a server answer the requests about tasks."""
        server.add_request_handler("tasks/get", TaskParams, self.get)
        server.add_request_handler("tasks/cancel", TaskParams, self.cancel)
        server.add_request_handler("tasks/update", UpdateTaskParams, self.update)

    def wanted(self, ctx: RequestContext, operation: Operation) -> bool:
        """Return whether a call is to be answered with a task."""
        is_modern = ctx.protocol_version in MODERN_PROTOCOL_VERSIONS
        if not (operation.slow and is_modern and _declared(ctx) and self.offered):
            return False
        # A caller that may not read jobs waits, as it would without the extension.
        return GET in self._tools.visible(caller_of(ctx).actor)

    async def begin(
        self, ctx: RequestContext, operation: Operation, raw: Mapping[str, Any]
    ) -> types.CallToolResult | dict[str, Any]:
        """Start a slow call and return its task, or its result if it has ended already.

        Raises:
            Failure: it was refused.
        """
        answer = await self._calls.start(ctx, operation, raw)
        if answer.status in FINISHED or not answer.job:
            return await self._calls.result(ctx, answer, self._tools.shape(operation.name))
        begun = await self._calls.look_up_begun(ctx, self._operation(GET), {"job": answer.job})
        return {"resultType": "task", **_task(_view(begun))}

    async def get(self, ctx: RequestContext, params: TaskParams) -> dict[str, Any]:
        """Return a task, with the result of its tool once it has ended.

        Raises:
            MCPError: the caller may see no such task.
        """
        self._check(ctx, params)
        try:
            job = await self._job(ctx, params.task_id)
        except Failure as failure:
            raise error_of(ctx, failure) from failure
        return {"resultType": "complete", **_task(job), **await self._ended(ctx, job)}

    async def cancel(self, ctx: RequestContext, params: TaskParams) -> dict[str, Any]:
        """Cancel a task's job: it stops at its next step. Nothing happens to an ended one.

        Raises:
            MCPError: the caller may not cancel it, or its operation cannot be cancelled.
        """
        self._check(ctx, params)
        try:
            await self._calls.answer(ctx, self._operation(CANCEL), {"job": params.task_id})
        except Failure as failure:
            raise error_of(ctx, failure) from failure
        return {"resultType": "complete"}

    async def update(self, ctx: RequestContext, params: UpdateTaskParams) -> dict[str, Any]:
        """Accept answers that no task asked for.

        Raises:
            MCPError: the caller may see no such task.
        """
        await self.get(ctx, params)
        return {"resultType": "complete"}

    async def _job(self, ctx: RequestContext, job: str) -> JobView:
        """Read a job. A client polls without being told to, so no call of a grant is used up."""
        return _view(await self._calls.look_up(ctx, self._operation(GET), {"job": job}))

    async def _ended(self, ctx: RequestContext, job: JobView) -> dict[str, Any]:
        """Return how a task ended: its tool's result, also of a failed one, or the error."""
        if _status(job) not in {"completed", "failed"} or job.result is None:
            return {}
        envelope: Envelope[Any] = Envelope[Any].model_validate(job.result)
        may_call = callable_by(caller_of(ctx).actor, self._calls.runner.registry)
        envelope = offering(envelope, may_call)
        if _status(job) == "failed" and envelope.error is not None:
            return {"error": _protocol_error(envelope.error)}
        is_known = (
            self._tools.operation(job.operation) is not None
        )  # a release may have left it out
        shape = self._tools.shape(job.operation) if is_known else _OF_ANY
        result = await self._calls.result(ctx, envelope, shape)
        shown = result.model_dump(by_alias=True, mode="json", exclude_none=True)
        return {"result": {**shown, "resultType": "complete"}}

    def _operation(self, name: str) -> Operation:
        return self._calls.runner.registry.get(name)

    def _check(self, ctx: RequestContext, params: TaskParams) -> None:
        """Refuse what the extension does not define.

        Raises:
            MCPError: the protocol or the client has no tasks, or header and body name two.
        """
        if ctx.protocol_version not in MODERN_PROTOCOL_VERSIONS:
            raise MCPError(types.METHOD_NOT_FOUND, "Method not found", ctx.method)
        if not _declared(ctx):
            needed = types.ClientCapabilities(extensions={EXTENSION: {}})
            raise MCPError(
                types.MISSING_REQUIRED_CLIENT_CAPABILITY,
                f"The client did not declare the extension {EXTENSION}.",
                {"requiredCapabilities": needed.model_dump(by_alias=True, exclude_none=True)},
            )
        if ctx.request is not None and ctx.request.headers.get("mcp-name") != params.task_id:
            raise MCPError(
                types.HEADER_MISMATCH, "The header Mcp-Name is not the taskId of the body."
            )


def _declared(ctx: RequestContext) -> bool:
    capabilities = ctx.session.client_capabilities
    return capabilities is not None and EXTENSION in (capabilities.extensions or {})


def _view(answer: Envelope[Any]) -> JobView:
    assert isinstance(answer.data, JobView)  # noqa: S101 - what get_job returns
    return answer.data


def _task(job: JobView) -> dict[str, Any]:
    return {
        "taskId": job.job,
        "status": _status(job),
        "statusMessage": job.message or f"{job.operation} {job.target}: {job.status}",
        "createdAt": job.created_at,
        "lastUpdatedAt": job.updated_at,
        "ttlMs": int(JOBS_KEPT.total_seconds()) * 1000,
        "pollIntervalMs": POLL_MS,
    }


def _status(job: JobView) -> str:
    """Return a job's status as a task's.

    A tool that failed has completed its task, with a result that says so. `failed` is for a defect
    of the server, and for the end of its process.
    """
    if job.status not in FINISHED:
        return "working"
    if job.status is Status.CANCELLED:
        return "cancelled"
    error = (job.result or {}).get("error") or {}
    is_broken = job.status is Status.INTERRUPTED or error.get("kind") == Kind.INTERNAL
    return "failed" if is_broken else "completed"


def _protocol_error(error: ErrorView) -> dict[str, Any]:
    data = {"kind": error.kind, "hint": error.hint, "next": [each.as_call() for each in error.next]}
    return {"code": types.INTERNAL_ERROR, "message": error.message, "data": data}
