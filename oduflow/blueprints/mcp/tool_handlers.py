"""Handlers of `tools/list` and `tools/call`."""

import logging

from mcp import types
from mcp.server.context import HandlerResult
from mcp.shared.exceptions import MCPError

from oduflow.blueprints.mcp.calls import Calls, RequestContext, caller_of, one_page, targeted
from oduflow.blueprints.mcp.results import refusal_of
from oduflow.blueprints.mcp.tasks import TaskHandlers
from oduflow.blueprints.mcp.tools import Tools
from oduflow.domain.access import Actor
from oduflow.domain.errors import Failure, Internal, Kind

log = logging.getLogger(__name__)

MAX_NAME = 100  # characters of an unknown tool's name in the message


class ToolHandlers:
    """The handlers of tools of one server."""

    def __init__(self, calls: Calls, tools: Tools, tasks: TaskHandlers) -> None:
        self._calls = calls
        self._tools = tools
        self._tasks = tasks

    async def list_tools(
        self, ctx: RequestContext, params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        """List the tools that the caller may call, on one page."""
        one_page(params)
        caller = caller_of(ctx)
        return types.ListToolsResult(tools=self._tools.listed(caller.actor, caller.profile))

    async def call_tool(
        self, ctx: RequestContext, params: types.CallToolRequestParams
    ) -> HandlerResult:
        """Run a tool. A failure of the product is a result with `isError`, not a JSON-RPC error.

        Raises:
            MCPError: there is no tool of that name.
        """
        operation = self._tools.operation(params.name)
        if operation is None:
            await self._calls.record(ctx, "unknown_tool", Kind.NOT_FOUND)
            raise MCPError(types.INVALID_PARAMS, self._unknown(params.name, caller_of(ctx).actor))
        try:
            raw = targeted(operation, params.arguments or {}, caller_of(ctx).environment)
            if operation.slow and self._tasks.wanted(ctx, operation):
                return await self._tasks.begin(ctx, operation, raw)
            answer = await self._calls.answer(ctx, operation, raw)
            return await self._calls.result(ctx, answer, self._tools.shape(operation.name))
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
