"""Handlers of `prompts/list`, `prompts/get` and `completion/complete`."""

from collections.abc import Mapping
from typing import Any

from mcp import types
from mcp.shared.exceptions import MCPError

from oduflow.blueprints.mcp.calls import Calls, RequestContext, caller_of, one_page
from oduflow.blueprints.mcp.prompts import (
    ENVIRONMENT,
    PROMPTS,
    Argument,
    Prompt,
    facts_of,
    failures_of,
)
from oduflow.blueprints.mcp.resource_handlers import error_of, names_from
from oduflow.blueprints.mcp.resources import Resources
from oduflow.blueprints.mcp.tools import TARGET, Tools
from oduflow.domain.errors import Failure
from oduflow.kernel.operation import Operation

MAX_NAME = 100  # characters of an unknown name in a message
MAX_TEXT = 4000  # characters of an argument
MAX_VALUES = 100  # of a completion (MCP, “Completion”)


class PromptHandlers:
    """The handlers of prompts and completions of one server."""

    def __init__(self, calls: Calls, tools: Tools, resources: Resources) -> None:
        self._calls = calls
        self._tools = tools
        self._resources = resources

    async def list_prompts(
        self, ctx: RequestContext, params: types.PaginatedRequestParams | None
    ) -> types.ListPromptsResult:
        """List the prompts whose task the caller can do."""
        one_page(params)
        caller = caller_of(ctx)
        visible = self._tools.visible(caller.actor)
        offered = [each for each in PROMPTS if each.offered(visible)]
        return types.ListPromptsResult(
            prompts=[each.listed(caller.environment) for each in offered]
        )

    async def get_prompt(
        self, ctx: RequestContext, params: types.GetPromptRequestParams
    ) -> types.GetPromptResult:
        """Return a prompt with what is known of the environment.

        Raises:
            MCPError: there is no such prompt, an argument is missing or unknown, or the
                environment cannot be read.
        """
        caller = caller_of(ctx)
        prompt = self._prompt(ctx, params.name)
        given = _checked(prompt, params.arguments or {}, caller.environment)
        target = {TARGET: caller.environment or given[ENVIRONMENT]}
        facts = facts_of(await self._data(ctx, "get_environment", target))
        if any(each.name == "run" for each in prompt.arguments):
            facts += await self._failures(ctx, target, given.get("run", ""))
        text = prompt.text(self._tools.visible(caller.actor), facts, given)
        return types.GetPromptResult(
            description=prompt.description,
            messages=[
                types.PromptMessage(role="user", content=types.TextContent(type="text", text=text))
            ],
        )

    async def complete(
        self, ctx: RequestContext, params: types.CompleteRequestParams
    ) -> types.CompleteResult:
        """Return the values of an argument that begin with, or contain, what is typed.

        Raises:
            MCPError: there is no such prompt, template or argument, or a value is too long.
        """
        known = dict((params.context.arguments if params.context else None) or {})
        name, typed = params.argument.name, params.argument.value
        for each, value in (*known.items(), (name, typed)):
            _require_short(each, value)
        several = False
        if isinstance(params.ref, types.PromptReference):
            prompt = self._prompt(ctx, params.ref.name)
            every = await self._of_prompt(ctx, prompt, name, known)
            several = any(each.several for each in prompt.arguments if each.name == name)
        else:
            every = await self._of_template(ctx, params.ref.uri, name, known)
        return types.CompleteResult(completion=completion_of(every, typed, several=several))

    def _prompt(self, ctx: RequestContext, name: str) -> Prompt:
        visible = self._tools.visible(caller_of(ctx).actor)
        for each in PROMPTS:
            if each.name == name and each.offered(visible):
                return each
        raise MCPError(
            types.INVALID_PARAMS,
            f"Unknown prompt: {name[:MAX_NAME]}. prompts/list has those there are.",
        )

    async def _of_prompt(
        self, ctx: RequestContext, prompt: Prompt, name: str, known: Mapping[str, str]
    ) -> list[str]:
        environment = caller_of(ctx).environment
        found = [each for each in prompt.taken(environment) if each.name == name]
        if not found:
            raise _no_argument(name)
        argument: Argument = found[0]
        operation = self._callable(ctx, argument.listed_by)
        if operation is None:
            return []
        target = environment or known.get(ENVIRONMENT, "")
        if TARGET in operation.arguments.model_fields and not target:
            return []
        raw = {TARGET: target} if TARGET in operation.arguments.model_fields else {}
        return await names_from(self._calls, ctx, operation, raw, argument.key)

    async def _of_template(
        self, ctx: RequestContext, uri: str, name: str, known: Mapping[str, str]
    ) -> list[str]:
        environment = caller_of(ctx).environment
        address = self._resources.address(uri, environment)
        if address is None or name not in (*address.open(environment), *address.query):
            raise _no_argument(name)
        if name in address.query:
            fields = (self._tools.input_schema(address.operation.name) or {})["properties"]
            return [str(each) for each in fields[name].get("enum", ())]
        listing = self._resources.parent(address, name)
        if listing is None or self._callable(ctx, listing.operation.name) is None:
            return []
        raw = {**known, **address.known(environment)}
        raw = {each: raw[each] for each in listing.variables if each in raw}
        if len(raw) < len(listing.variables):
            return []
        return await names_from(self._calls, ctx, listing.operation, raw, name)

    def _callable(self, ctx: RequestContext, name: str) -> Operation | None:
        visible = self._tools.visible(caller_of(ctx).actor)
        return self._tools.operation(name) if name in visible else None

    async def _failures(self, ctx: RequestContext, target: dict[str, str], run: str) -> list[str]:
        if not run and self._callable(ctx, "list_test_runs"):
            runs = (await self._data(ctx, "list_test_runs", target))["test_runs"]
            run = runs[0]["run"] if runs else ""
        return (
            failures_of(await self._data(ctx, "get_test_run", {**target, "run": run}))
            if run
            else []
        )

    async def _data(self, ctx: RequestContext, name: str, raw: Mapping[str, str]) -> Any:
        operation = self._tools.operation(name)
        if operation is None:  # a server without it offers no prompt that needs it
            return {}
        try:
            answer = await self._calls.answer(ctx, operation, raw)
        except Failure as failure:
            raise error_of(ctx, failure) from failure
        return self._tools.shape(name).lean(answer)["data"]


def _checked(prompt: Prompt, given: Mapping[str, str], environment: str) -> dict[str, str]:
    taken = {each.name: each for each in prompt.taken(environment)}
    for name, value in given.items():
        if name not in taken:
            raise _no_argument(name)
        _require_short(name, value)
    for name, argument in taken.items():
        if argument.required and not given.get(name, "").strip():
            raise MCPError(types.INVALID_PARAMS, f"{prompt.name} needs the argument {name}.")
    return {name: value.strip() for name, value in given.items()}


def _no_argument(name: str) -> MCPError:
    return MCPError(types.INVALID_PARAMS, f"There is no argument {name[:MAX_NAME]}.")


def _require_short(name: str, value: str) -> None:
    if len(value) > MAX_TEXT:
        shown = name[:MAX_NAME]
        raise MCPError(types.INVALID_PARAMS, f"{shown} must have at most {MAX_TEXT} characters.")


def completion_of(every: list[str], typed: str, *, several: bool = False) -> types.Completion:
    """Return the values that begin with a text, then those that contain it, ignoring case.

    Args:
        every: the possible values.
        typed: the text; with `several` a list with commas, of which the last item is completed.
        several: whether the argument takes a list.
    """
    before, comma, last = typed.rpartition(",") if several else ("", "", typed)
    wanted = last.strip().casefold()
    found = [each for each in every if wanted in each.casefold()]
    found.sort(key=lambda each: not each.casefold().startswith(wanted))
    return types.Completion(
        values=[f"{before}{comma}{each}" for each in found[:MAX_VALUES]],
        total=len(found),
        has_more=len(found) > MAX_VALUES,
    )
