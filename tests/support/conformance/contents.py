"""Fixtures with fixed contents that the official conformance suite requires by name."""

import asyncio
import json
from typing import Annotated, Any

from mcp import types
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.prompts.base import UserMessage
from pydantic import Field

PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGA"
    "hKmMIQAAAABJRU5ErkJggg=="
)
WAV = "UklGRiQAAABXQVZFZm10IBAAAAABAAEARKwAAIhYAQACABAAZGF0YQAAAAA="
PAUSE_SECONDS = 0.05

Ctx = Context[Any]
Header = Annotated[str, Field(json_schema_extra={"x-mcp-header": "Region"})]


def add_contents(server: MCPServer[Any]) -> None:
    """Add tools, resources and prompts that do not call the client."""
    for tool in (
        test_simple_text,
        test_image_content,
        test_audio_content,
        test_embedded_resource,
        test_multiple_content_types,
        test_error_handling,
        test_tool_with_progress,
        test_tool_with_logging,
        test_logging_tool,
        test_custom_headers,
        test_trigger_tool_change,
        test_trigger_prompt_change,
    ):
        server.add_tool(tool, description=f"Fixture {tool.__name__}.", structured_output=False)
    _add_resources(server)
    _add_prompts(server)


def test_simple_text() -> str:
    return "This is a simple text response for testing."


def test_image_content() -> list[types.ContentBlock]:
    return [_image()]


def test_audio_content() -> list[types.ContentBlock]:
    return [types.AudioContent(type="audio", data=WAV, mime_type="audio/wav")]


def test_embedded_resource() -> list[types.ContentBlock]:
    return [_embedded("test://embedded-resource", "text/plain", "An embedded resource.")]


def test_multiple_content_types() -> list[types.ContentBlock]:
    mixed = _embedded("test://mixed-content-resource", "application/json", '{"test":"data"}')
    return [types.TextContent(type="text", text="Multiple content types test:"), _image(), mixed]


def test_error_handling() -> str:
    raise RuntimeError("This tool intentionally returns an error for testing")


async def test_tool_with_progress(ctx: Ctx) -> str:
    for done in (0, 50, 100):
        await ctx.report_progress(done, 100)
        await asyncio.sleep(PAUSE_SECONDS)
    return "done"


async def test_tool_with_logging(ctx: Ctx) -> str:
    for step in ("started", "processing data", "completed"):
        await ctx.session.send_log_message("info", f"Tool {step}", None, ctx.request_id)
        await asyncio.sleep(PAUSE_SECONDS)
    return "logged"


async def test_logging_tool(ctx: Ctx) -> str:
    await ctx.session.send_log_message("info", "not asked for", None, ctx.request_id)
    return "logged"


def test_custom_headers(region: Header) -> str:
    return region


async def test_trigger_tool_change(ctx: Ctx) -> str:
    await ctx.notify_tools_changed()
    return "changed"


async def test_trigger_prompt_change(ctx: Ctx) -> str:
    await ctx.notify_prompts_changed()
    return "changed"


def _add_resources(server: MCPServer[Any]) -> None:
    @server.resource("test://static-text", mime_type="text/plain")
    def static_text() -> str:
        return "This is the content of the static text resource."

    @server.resource("test://static-binary", mime_type="image/png")
    def static_binary() -> bytes:
        return b"\x89PNG"

    @server.resource("test://watched-resource", mime_type="text/plain")
    def watched() -> str:
        return "watched"

    @server.resource("test://template/{id}/data", mime_type="application/json")
    def template(id: str) -> str:  # noqa: A002 - the suite's name
        return json.dumps({"id": id, "templateTest": True, "data": f"Data for ID: {id}"})


def _add_prompts(server: MCPServer[Any]) -> None:
    @server.prompt(description="Fixture.")
    def test_simple_prompt() -> str:
        return "This is a simple prompt for testing."

    @server.prompt(description="Fixture.")
    def test_prompt_with_arguments(arg1: str, arg2: str) -> str:
        return f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'"

    @server.prompt(description="Fixture.")
    def test_prompt_with_embedded_resource(resourceUri: str) -> list[UserMessage]:  # noqa: N803
        embedded = _embedded(resourceUri, "text/plain", "Embedded resource content for testing.")
        return [UserMessage(embedded), UserMessage("Please process the embedded resource above.")]

    @server.prompt(description="Fixture.")
    def test_prompt_with_image() -> list[UserMessage]:
        return [UserMessage(_image()), UserMessage("Please analyze the image above.")]


def _image() -> types.ImageContent:
    return types.ImageContent(type="image", data=PNG, mime_type="image/png")


def _embedded(uri: str, mime_type: str, text: str) -> types.EmbeddedResource:
    return types.EmbeddedResource(
        type="resource",
        resource=types.TextResourceContents(uri=uri, mime_type=mime_type, text=text),
    )
