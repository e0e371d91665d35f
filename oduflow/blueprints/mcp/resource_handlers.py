"""Handlers of `resources/list`, `resources/templates/list` and `resources/read`.

Reading a resource is a call of its operation, under the same limits and in the same audit log as
a call of the tool.
"""

import base64
import json
import logging
from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from mcp import types
from mcp.shared.exceptions import MCPError
from mcp.types.version import MODERN_PROTOCOL_VERSIONS

from oduflow.blueprints.mcp.calls import Calls, RequestContext, caller_of, one_page
from oduflow.blueprints.mcp.resources import JSON, TEXT, Resources
from oduflow.blueprints.mcp.results import PNG
from oduflow.blueprints.mcp.tools import Tools
from oduflow.domain.errors import Failure, Kind, RateLimited
from oduflow.domain.outcome import Envelope
from oduflow.kernel.operation import Operation

log = logging.getLogger(__name__)

# Of the 2025 protocol (MCP 2025-11-25, “Resources”, error handling); later ones use -32602.
RESOURCE_NOT_FOUND = -32002
MAX_SHOWN = 200  # characters of an unknown URI in the message

# JSON-RPC has few codes; the error's data has the kind itself.
CODE_OF: Mapping[Kind, int] = MappingProxyType(
    {
        Kind.BUSY: types.INTERNAL_ERROR,
        Kind.CANCELLED: types.INTERNAL_ERROR,
        Kind.CONFLICT: types.INVALID_PARAMS,
        Kind.FORBIDDEN: types.INVALID_PARAMS,
        Kind.INTERNAL: types.INTERNAL_ERROR,
        Kind.INVALID: types.INVALID_PARAMS,
        Kind.NOT_FOUND: types.INVALID_PARAMS,
        Kind.QUOTA: types.INTERNAL_ERROR,
        Kind.RATE_LIMITED: types.INTERNAL_ERROR,
        Kind.UNAUTHENTICATED: types.INVALID_PARAMS,
        Kind.UPSTREAM: types.INTERNAL_ERROR,
    }
)


class ResourceHandlers:
    """The handlers of resources of one server."""

    def __init__(self, calls: Calls, tools: Tools, resources: Resources) -> None:
        self._calls = calls
        self._tools = tools
        self._resources = resources

    async def list_resources(
        self, ctx: RequestContext, params: types.PaginatedRequestParams | None
    ) -> types.ListResourcesResult:
        """List what the caller may read without an argument, and its environments."""
        one_page(params)
        caller = caller_of(ctx)
        visible = self._tools.visible(caller.actor)
        listed = self._resources.listed(visible, caller.environment)
        if not caller.environment:
            listed += self._resources.items(visible, await self._environments(ctx, visible))
        return types.ListResourcesResult(resources=listed)

    async def list_templates(
        self, ctx: RequestContext, params: types.PaginatedRequestParams | None
    ) -> types.ListResourceTemplatesResult:
        """List the templates of what the caller may read."""
        one_page(params)
        caller = caller_of(ctx)
        visible = self._tools.visible(caller.actor)
        return types.ListResourceTemplatesResult(
            resource_templates=self._resources.templates(visible, caller.environment)
        )

    async def read(
        self, ctx: RequestContext, params: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult:
        """Read a resource.

        Raises:
            MCPError: there is none of that URI, or the call was refused or failed.
        """
        uri = str(params.uri)
        try:
            found = self._resources.find(uri)
            if found is None:
                await self._calls.record(ctx, "unknown_resource", Kind.NOT_FOUND)
                raise unknown_resource(ctx, uri)
            operation, raw = found
            answer = await self._calls.answer(ctx, operation, raw)
        except Failure as failure:
            raise error_of(ctx, failure, uri) from failure
        if (image := await self._calls.image(ctx, answer)) is not None:
            blob = base64.b64encode(image).decode()
            picture = types.BlobResourceContents(uri=uri, mime_type=PNG, blob=blob)
            return types.ReadResourceResult(contents=[picture])
        content = self._tools.shape(operation.name).lean(answer)
        return types.ReadResourceResult(contents=list(contents_of(uri, operation, answer, content)))

    async def _environments(self, ctx: RequestContext, visible: Collection[str]) -> list[str]:
        listing = self._resources.environments
        if listing is None or listing.operation.name not in visible:
            return []
        return await names_from(self._calls, ctx, listing.operation, {}, "name")


async def names_from(
    calls: Calls, ctx: RequestContext, listing: Operation, raw: Mapping[str, Any], key: str
) -> list[str]:
    """Return the names in a list that the caller may read.

    Args:
        calls: makes the call.
        ctx: the request.
        listing: the operation that lists.
        raw: its arguments.
        key: the field of the list's items that is the name.

    Raises:
        MCPError: the call was refused or failed.
    """
    try:
        answer = await calls.look_up(ctx, listing, raw)
    except Failure as failure:
        raise error_of(ctx, failure) from failure
    fields = () if answer.data is None else (each for _, each in answer.data)
    items = next((each for each in fields if isinstance(each, tuple)), ())
    return [str(getattr(item, key)) for item in items if hasattr(item, key)]


def contents_of(
    uri: str, operation: Operation, answer: Envelope[Any], content: dict[str, Any]
) -> Iterable[types.TextResourceContents]:
    """Return what a resource contains: a text, or the envelope as JSON.

    A text comes alone if it is whole. If it is a part, or there are warnings, a second content is
    the rest of the envelope, which says so.
    """
    field = operation.whole_text
    if field:
        text = content["data"].pop(field, "")
        yield types.TextResourceContents(uri=uri, mime_type=TEXT, text=text)
        if not (answer.warnings or answer.truncated):
            return
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    yield types.TextResourceContents(uri=uri, mime_type=JSON, text=text)


def unknown_resource(ctx: RequestContext, uri: str) -> MCPError:
    """Return the error for a URI that is no resource's."""
    return MCPError(
        _not_found(ctx),
        f"Unknown resource: {uri[:MAX_SHOWN]}. resources/templates/list has those there are.",
        {"uri": uri[:MAX_SHOWN]},
    )


def error_of(ctx: RequestContext, failure: Failure, uri: str = "") -> MCPError:
    """Return a failure as the error of the protocol, with kind, hint and the next calls."""
    data: dict[str, Any] = {"kind": failure.kind}
    if uri:
        data["uri"] = uri[:MAX_SHOWN]
    if failure.hint:
        data["hint"] = failure.hint
    if failure.next:
        data["next"] = [step.as_call() for step in failure.next]
    if isinstance(failure, RateLimited):
        data["retryAfter"] = failure.retry_after
    code = _not_found(ctx) if uri and failure.kind is Kind.NOT_FOUND else CODE_OF[failure.kind]
    return MCPError(code, failure.message, data)


def _not_found(ctx: RequestContext) -> int:
    is_modern = ctx.protocol_version in MODERN_PROTOCOL_VERSIONS
    return CODE_OF[Kind.NOT_FOUND] if is_modern else RESOURCE_NOT_FOUND
