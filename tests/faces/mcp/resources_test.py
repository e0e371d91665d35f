"""Resources: what a caller reads there is what its tools answer, and nothing else."""

import json
from typing import Any

import pytest
from mcp.shared.exceptions import MCPError

from oduflow.domain.errors import Kind
from tests.support.fakes import BLUE_TOKEN, RED_TOKEN
from tests.support.grants_world import GrantsWorld
from tests.support.mcp_world import LEGACY, MODES, McpWorld, message

SHOP, TILL = "oduflow://environments/shop", "oduflow://environments/till"


def read(served: McpWorld, uri: str, token: str = BLUE_TOKEN) -> dict[str, Any]:
    """Read a resource in the 2026 era: its first content, or the error."""
    answer: dict[str, Any] = served.post("resources/read", {"uri": uri}, token=token).json()
    content: dict[str, Any] = answer.get("error") or answer["result"]["contents"][0]
    return content


def listed(served: McpWorld, token: str = BLUE_TOKEN) -> set[str]:
    answer = served.post("resources/list", token=token).json()
    return {each["uri"] for each in answer["result"]["resources"]}


@pytest.mark.anyio
@pytest.mark.parametrize("mode", MODES)
async def test_the_sdks_client_lists_and_reads_them_in_both_eras(
    served: McpWorld, mode: str
) -> None:
    async with served.client(mode) as client:
        uris = {each.uri for each in (await client.list_resources()).resources}
        templates = (await client.list_resource_templates()).resource_templates
        [content] = (await client.read_resource(SHOP)).contents
        with pytest.raises(MCPError) as unknown:
            await client.read_resource("oduflow://nothing")

    assert {SHOP, TILL, "oduflow://environments", "oduflow://jobs", "oduflow://audit"} <= uris
    assert "oduflow://jobs/{job}" in {each.uri_template for each in templates}
    assert (content.uri, content.mime_type) == (SHOP, "application/json")
    assert unknown.value.error.code == (-32002 if mode == "legacy" else -32602)
    assert unknown.value.error.data == {"uri": "oduflow://nothing"}


def test_a_state_is_the_envelope_that_the_tool_answers(served: McpWorld) -> None:
    content = read(served, SHOP)

    assert content["mimeType"] == "application/json"
    assert json.loads(content["text"]) == served.call("get_environment", name="shop")


def test_a_text_is_plain_and_says_when_it_is_a_part(served: McpWorld, made: GrantsWorld) -> None:
    whole = made.world.outputs.keep("one\n  two\n", team="1", environment="")
    long = made.world.outputs.keep("line\n" * 20_000, team="1", environment="")

    assert read(served, f"oduflow://outputs/{whole}") == {
        "uri": f"oduflow://outputs/{whole}",
        "mimeType": "text/plain",
        "text": "one\n  two",
    }
    uri = f"oduflow://outputs/{long}"
    page, rest = served.post("resources/read", {"uri": uri}).json()["result"]["contents"]
    assert page["text"].startswith("line\nline\n")
    assert json.loads(rest["text"])["truncated"] is True
    assert json.loads(rest["text"])["next"][0]["operation"] == "read_output"
    assert read(served, f"{uri}?lines=1-2")["text"] == "line\nline"


def test_reading_is_audited_as_the_call_of_the_tool_is(served: McpWorld, made: GrantsWorld) -> None:
    made.world.audit.counted.clear()
    read(served, SHOP)
    read(served, "oduflow://nothing")

    rows = [(row.operation, row.face, row.outcome) for row in made.world.audit.counted]
    assert rows == [("get_environment", "mcp", "ok"), ("unknown_resource", "mcp", Kind.NOT_FOUND)]


def test_reading_uses_up_a_call_of_a_grant_and_listing_none(
    served: McpWorld, made: GrantsWorld
) -> None:
    token = made.grant("once", environments=["shop"], tiers=["read"], calls=1)

    assert SHOP in listed(served, token)
    assert SHOP in listed(served, token)
    assert json.loads(read(served, SHOP, token)["text"])["data"]["name"] == "shop"
    answer = served.post("resources/read", {"uri": SHOP}, token=token)
    assert (answer.status_code, answer.json()["kind"]) == (401, "unauthenticated")


def test_a_grant_reads_and_lists_only_what_it_may(served: McpWorld, made: GrantsWorld) -> None:
    token = made.grant("shop only", environments=["shop"], tiers=["read"])

    assert listed(served, token) >= {SHOP, "oduflow://environments", "oduflow://status"}
    assert listed(served, token).isdisjoint({TILL, "oduflow://audit", "oduflow://templates"})
    assert read(served, TILL, token)["data"]["kind"] == "not_found"
    assert read(served, "oduflow://audit", token)["data"]["kind"] == "forbidden"


def test_another_teams_are_not_there(served: McpWorld, made: GrantsWorld) -> None:
    mine = made.world.outputs.keep("secret", team="1", environment="")

    assert listed(served, RED_TOKEN).isdisjoint({TILL})
    foreign = read(served, TILL, RED_TOKEN)
    assert foreign["message"] == "There is no environment “till”."
    assert read(served, f"oduflow://outputs/{mine}", RED_TOKEN)["data"]["kind"] == "not_found"


def test_at_an_environments_path_only_that_one_is_there(served: McpWorld) -> None:
    shop = served.at("shop")

    assert listed(shop) >= {SHOP, f"{SHOP}/logs", "oduflow://environments"}
    assert listed(shop).isdisjoint({TILL, "oduflow://audit"})
    assert json.loads(read(shop, SHOP)["text"])["data"]["name"] == "shop"
    assert read(shop, TILL)["data"]["kind"] == "not_found"
    seen = json.loads(read(shop, "oduflow://environments")["text"])["data"]["environments"]
    assert [one["name"] for one in seen] == ["shop"]


def test_a_refusal_has_the_kind_and_the_hint(served: McpWorld) -> None:
    error = read(served, "oduflow://jobs?limit=0")

    assert error["code"] == -32602
    assert error["data"]["kind"] == "invalid"
    assert error["message"] == "list_jobs: limit must be at least 1."


def test_a_cursor_is_refused(served: McpWorld) -> None:
    session = served.session()
    for method in ("resources/list", "resources/templates/list"):
        body = message(method, {"cursor": "x"})
        answer = session.post(served.url, json=body, timeout=30).json()
        assert answer["error"]["message"] == "Unknown cursor: there is one page only", LEGACY
