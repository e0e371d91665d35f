"""What a client gets when it lists tools and calls them, in both eras."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from mcp import types
from mcp.shared.exceptions import MCPError

from oduflow.domain.errors import Kind
from tests.support.mcp_world import LEGACY, MODERN, MODES, OPERATIONS, McpWorld, mcp_world, message

pytestmark = pytest.mark.parametrize("mode", MODES)


def call(served: McpWorld, mode: str, tool: str, /, **arguments: Any) -> types.CallToolResult:
    async def go() -> types.CallToolResult:
        async with served.client(mode) as client:
            return await client.call_tool(tool, arguments)

    return asyncio.run(go())


def test_a_client_sees_every_tool_in_one_order(served: McpWorld, mode: str) -> None:
    async def go() -> tuple[list[types.Tool], str]:
        async with served.client(mode) as client:
            listed = await client.list_tools()
            assert listed.next_cursor is None
            return listed.tools, client.protocol_version

    tools, version = asyncio.run(go())

    assert version == (MODERN if mode == MODERN else LEGACY)
    assert [tool.name for tool in tools] == sorted(found.name for found in OPERATIONS)
    assert all(tool.output_schema and tool.annotations and tool.title for tool in tools)


def test_a_client_that_asks_first_learns_both_eras(served: McpWorld, mode: str) -> None:
    async def go() -> tuple[str, str]:
        async with served.client("legacy" if mode == "legacy" else "auto") as client:
            assert client.server_info is not None
            return client.server_info.name, client.protocol_version

    assert asyncio.run(go()) == ("oduflow", MODERN if mode == MODERN else LEGACY)


def test_a_quick_call_answers_its_envelope(served: McpWorld, mode: str) -> None:
    result = call(served, mode, "create_thing", name="a", colours=["red"])

    # The SDK's client has compared the content with the tool's output schema by now.
    assert not result.is_error
    assert result.structured_content["status"] == "ok"
    assert result.structured_content["data"] == {"name": "a", "owner": "1", "colours": ["red"]}


def test_a_slow_call_tells_its_steps_and_answers_when_it_is_done(
    served: McpWorld, mode: str
) -> None:
    steps: list[tuple[float, float | None, str | None]] = []

    async def step(progress: float, total: float | None, message: str | None) -> None:
        steps.append((progress, total, message))
        served.world.slots.free.set()

    async def go() -> types.CallToolResult:
        async with served.client(mode) as client:
            return await client.call_tool("bake_thing", {"name": "a"}, progress_callback=step)

    served.world.slots.free.clear()
    result = asyncio.run(go())

    assert result.structured_content["summary"] == "a is baked."
    assert result.structured_content["status"] == "ok"
    assert len(result.structured_content["job"]) == 12
    values = [progress for progress, _, _ in steps]
    assert values
    assert values == sorted(set(values))


def test_a_call_that_takes_long_answers_its_job(mode: str) -> None:
    with mcp_world(wait_seconds=0.3) as served:
        served.world.slots.free.clear()

        result = call(served, mode, "bake_thing", name="a")

        assert not result.is_error
        job = result.structured_content["job"]
        assert result.structured_content["status"] == "queued"
        assert result.structured_content["next"][0]["arguments"] == {"job": job}
        assert served.world.job_rows.rows[job].cancel_requested is False


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("tool", ["fail_thing", "burn_thing"])
def test_a_failure_is_a_result_with_kind_message_and_hint(
    served: McpWorld, mode: str, kind: Kind, tool: str
) -> None:
    result = call(served, mode, tool, name="a", kind=kind.value)

    assert result.is_error
    error = result.structured_content["error"]
    assert (error["kind"], error["message"], error["hint"]) == (kind, "It went wrong.", "Do this.")
    status = "cancelled" if kind is Kind.CANCELLED else "failed"
    assert result.structured_content["status"] == status


def test_wrong_arguments_are_a_result_the_agent_can_correct(served: McpWorld, mode: str) -> None:
    result = call(served, mode, "create_thing", nam="a")

    assert result.is_error
    assert result.structured_content["error"]["kind"] == "invalid"
    assert "did you mean name?" in result.structured_content["error"]["message"]


def test_a_defect_shows_nothing_of_the_server(served: McpWorld, mode: str) -> None:
    result = call(served, mode, "break_thing", name="a")

    assert result.structured_content["error"]["kind"] == "internal"
    assert "secret detail" not in result.model_dump_json()


def test_an_unknown_tool_is_an_error_of_the_protocol(served: McpWorld, mode: str) -> None:
    async def go() -> types.ErrorData:
        async with served.client(mode) as client:
            with pytest.raises(MCPError) as caught:
                await client.call_tool("creat-thing", {})
            return caught.value.error

    error = asyncio.run(go())

    assert error.code == types.INVALID_PARAMS
    assert error.message == "Unknown tool: creat-thing. Did you mean create_thing?"


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("application/json", "application/json"),
        ("application/json, text/event-stream", "application/json"),
    ],
)
def test_a_client_that_accepts_json_only_gets_that(
    served: McpWorld, mode: str, accept: str, kind: str
) -> None:
    headers = {"Accept": accept, "Content-Type": "Application/JSON"}
    if mode == "legacy":
        session = served.session()
        body = message("tools/call", {"name": "list_things", "arguments": None})
        answer = session.post(served.url, json=body, headers=headers, timeout=30)
    else:
        answer = served.post(
            "tools/call", {"name": "list_things", "arguments": {}}, headers=headers
        )

    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].startswith(kind)
    assert "No things." in answer.text


@pytest.mark.parametrize("params", [{"name": "get_thing", "arguments": [1]}, {"arguments": {}}])
def test_a_malformed_call_is_an_error_of_the_protocol(
    served: McpWorld, mode: str, params: dict[str, Any]
) -> None:
    remembered = len(served.world.audit.rows)
    if mode == MODERN:
        answer = served.post("tools/call", params)
    else:
        answer = served.session().post(served.url, json=message("tools/call", params), timeout=30)

    assert answer.json()["error"]["code"] == types.INVALID_PARAMS
    assert len(served.world.audit.rows) == remembered


def test_there_is_one_page_of_tools(served: McpWorld, mode: str) -> None:
    async def go() -> None:
        async with served.client(mode) as client:
            with pytest.raises(MCPError, match="Unknown cursor"):
                await client.list_tools(cursor="2")

    asyncio.run(go())


def test_the_list_is_the_same_bytes_each_time_and_private(served: McpWorld, mode: str) -> None:
    if mode == MODERN:
        first, second = (served.post("tools/list").json() for _ in range(2))
        assert first["result"]["cacheScope"] == "private"
        assert first["result"]["ttlMs"] > 0
    else:
        session = served.session()
        request = message("tools/list", {})
        first, second = (session.post(served.url, json=request, timeout=9).json() for _ in "12")
        assert "cacheScope" not in first["result"]

    assert json.dumps(first) == json.dumps(second)


def test_a_lone_reply_is_plain_json_on_a_connection_that_is_kept(
    served: McpWorld, mode: str
) -> None:
    session = served.session()
    request = message("tools/call", {"name": "get_thing", "arguments": {"name": "a"}})
    if mode == MODERN:
        answer = served.post("tools/call", request["params"])
    else:
        answer = session.post(served.url, json=request, timeout=30)

    assert answer.headers["Content-Type"] == "application/json"
    assert "Transfer-Encoding" not in answer.headers
    assert answer.headers.get("Connection", "keep-alive").lower() != "close"


@pytest.fixture(scope="module")
def served() -> Iterator[McpWorld]:
    with mcp_world() as world:
        yield world
