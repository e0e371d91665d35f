"""Fixtures that call the client: in a session, or in rounds without one."""

from collections.abc import Callable
from typing import Any

from mcp import types
from mcp.server.mcpserver import Context, MCPServer
from mcp.shared.exceptions import MCPError

Ctx = Context[Any]
Schema = dict[str, Any]

DEFAULTS: Schema = {
    "name": {"type": "string", "default": "John Doe"},
    "age": {"type": "integer", "default": 30},
    "score": {"type": "number", "default": 95.5},
    "status": {
        "type": "string",
        "enum": ["active", "inactive", "pending"],
        "default": "active",
    },
    "verified": {"type": "boolean", "default": True},
}
_OPTIONS = ["option1", "option2", "option3"]
_TITLED = [{"const": f"value{i}", "title": f"Option {i}"} for i in (1, 2, 3)]
ENUMS: Schema = {
    "untitledSingle": {"type": "string", "enum": _OPTIONS},
    "titledSingle": {"type": "string", "oneOf": _TITLED},
    "legacyEnum": {
        "type": "string",
        "enum": ["opt1", "opt2", "opt3"],
        "enumNames": ["Option One", "Option Two", "Option Three"],
    },
    "untitledMulti": {"type": "array", "items": {"type": "string", "enum": _OPTIONS}},
    "titledMulti": {"type": "array", "items": {"anyOf": _TITLED}},
}


def add_questions(server: MCPServer[Any]) -> None:
    """Add the tools and the prompt that call the client."""
    tools: tuple[Callable[..., Any], ...] = (
        test_sampling,
        test_elicitation,
        test_elicitation_sep1034_defaults,
        test_elicitation_sep1330_enums,
        test_streaming_elicitation,
        test_missing_capability,
        test_input_required_result_multi_round,
        test_input_required_result_capabilities,
        *(_asking(name, asked) for name, asked in ROUNDS.items()),
    )
    for tool in tools:
        server.add_tool(tool, description=f"Fixture {tool.__name__}.", structured_output=False)

    @server.prompt(description="Fixture.")
    def test_input_required_result_prompt(ctx: Ctx) -> Any:
        question = _elicit("What context should the prompt use?", "context")
        return _open(ctx, {"user_context": question}) or "A prompt with context."


async def test_sampling(prompt: str, ctx: Ctx) -> str:
    answer = await ctx.session.create_message([_say(prompt)], max_tokens=100)
    return f"LLM response: {answer.content}"


async def test_elicitation(message: str, ctx: Ctx) -> str:
    return await _ask(ctx, message, {"username": {"type": "string"}})


async def test_elicitation_sep1034_defaults(ctx: Ctx) -> str:
    return await _ask(ctx, "Please provide user information", DEFAULTS)


async def test_elicitation_sep1330_enums(ctx: Ctx) -> str:
    return await _ask(ctx, "Please select", ENUMS)


async def test_streaming_elicitation(ctx: Ctx) -> Any:
    await ctx.report_progress(1, 2)
    return _open(ctx, {"user_name": _elicit("What is your name?", "name")}) or "done"


def test_missing_capability(ctx: Ctx) -> str:
    if ctx.client_capabilities is None or ctx.client_capabilities.sampling is None:
        data: Schema = {"requiredCapabilities": {"sampling": {}}}
        code = types.MISSING_REQUIRED_CLIENT_CAPABILITY
        raise MCPError(code, "This tool needs sampling", data)
    return "there"


def test_input_required_result_multi_round(ctx: Ctx) -> Any:
    if ctx.request_state is None:
        return _required({"step1": _elicit("Step 1: What is your name?", "name")}, "1")
    if ctx.request_state == "1":
        return _required({"step2": _elicit("Step 2: What is your color?", "color")}, "2")
    return "done"


def test_input_required_result_capabilities(ctx: Ctx) -> Any:
    can = ctx.client_capabilities or types.ClientCapabilities()
    asked: types.InputRequests = {}
    if can.sampling is not None:
        asked["capital"] = _sample("What is the capital of France?")
    if can.elicitation is not None:
        asked["user_name"] = _elicit("What is your name?", "name")
    return _open(ctx, asked) or "done"


async def _ask(ctx: Ctx, message: str, properties: Schema) -> str:
    schema = {"type": "object", "properties": properties, "required": []}
    answer = await ctx.session.elicit_form(message, schema, ctx.request_id)
    return f"Elicitation completed: action={answer.action}, content={answer.content}"


def _asking(name: str, asked: types.InputRequests) -> Callable[..., Any]:
    def tool(ctx: Ctx) -> Any:
        return _open(ctx, asked) or "state-ok"

    tool.__name__ = name
    return tool


def _open(ctx: Ctx, asked: types.InputRequests) -> types.InputRequiredResult | None:
    """Return the questions without an answer; None when all are answered."""
    answered = ctx.input_responses or {}
    left = {key: request for key, request in asked.items() if key not in answered}
    return _required(left, "asked") if left else None


def _required(asked: types.InputRequests, state: str) -> types.InputRequiredResult:
    return types.InputRequiredResult(input_requests=asked, request_state=state)


def _elicit(message: str, field: str, kind: str = "string") -> types.ElicitRequest:
    schema = {"type": "object", "properties": {field: {"type": kind}}, "required": [field]}
    form = types.ElicitRequestFormParams(message=message, requested_schema=schema)
    return types.ElicitRequest(params=form)


def _sample(text: str) -> types.CreateMessageRequest:
    params = types.CreateMessageRequestParams(messages=[_say(text)], max_tokens=100)
    return types.CreateMessageRequest(params=params)


def _say(text: str) -> types.SamplingMessage:
    return types.SamplingMessage(role="user", content=types.TextContent(type="text", text=text))


_NAME = _elicit("What is your name?", "name")
_CONFIRM = _elicit("Please confirm", "ok", "boolean")
ROUNDS: dict[str, types.InputRequests] = {
    "test_input_required_result_elicitation": {"user_name": _NAME},
    "test_input_required_result_sampling": {"capital_question": _sample("The capital of France?")},
    "test_input_required_result_list_roots": {"client_roots": types.ListRootsRequest()},
    "test_input_required_result_request_state": {"confirm": _CONFIRM},
    "test_input_required_result_tampered_state": {"confirm": _CONFIRM},
    "test_input_required_result_multiple_inputs": {
        "user_name": _NAME,
        "greeting": _sample("Generate a greeting"),
        "client_roots": types.ListRootsRequest(),
    },
}
