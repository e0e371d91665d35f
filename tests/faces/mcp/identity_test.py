"""Authentication at `/mcp`, and the binding of sessions to their caller."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.support.fakes import (
    BLUE_PASSWORD,
    BLUE_TOKEN,
    OPEN,
    RED_TOKEN,
    TWO_TEAMS,
    basic,
    bearer,
)
from tests.support.mcp_world import MODES, McpWorld, mcp_world, message

CALLS = 60


@pytest.mark.parametrize(
    "headers",
    [{}, bearer("wrong-token-0123456"), bearer(""), basic(BLUE_PASSWORD), basic(BLUE_TOKEN)],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_without_a_right_token_nothing_is_read(
    served: McpWorld, headers: dict[str, str], method: str
) -> None:
    answer = requests.request(method, served.url, headers=headers, data=b"{", timeout=30)

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
    assert answer.json()["kind"] == "unauthenticated"


@pytest.mark.parametrize(
    "sent", ["${ODUFLOW_TOKEN}", "${env:TOKEN}", "{env:TOKEN}", "$TOKEN", "%TOKEN%", "<token>", ""]
)
def test_a_variable_that_the_client_did_not_replace_is_named_as_the_cause(
    served: McpWorld, sent: str
) -> None:
    answer = requests.post(served.url, headers=bearer(sent), data=b"{", timeout=30)

    assert answer.status_code == 401
    assert answer.json()["hint"].startswith("The client sent a placeholder, not a token.")


@pytest.mark.parametrize("sent", ["wrong-token-0123456", "${TOKEN}-0123456", "a$TOKEN"])
def test_another_wrong_token_is_not_called_a_placeholder(served: McpWorld, sent: str) -> None:
    answer = requests.post(served.url, headers=bearer(sent), data=b"{", timeout=30)

    assert answer.json()["hint"].startswith("Send `Authorization: Bearer …`")


def test_a_token_in_the_address_or_in_a_cookie_is_none(served: McpWorld) -> None:
    answer = requests.post(
        served.url,
        params={"access_token": BLUE_TOKEN},
        cookies={"Authorization": f"Bearer {BLUE_TOKEN}"},
        timeout=30,
    )

    assert answer.status_code == 401


def test_a_team_without_a_token_is_open_on_this_machine() -> None:
    with mcp_world(OPEN) as served:
        answer = served.post("tools/list", headers={"Authorization": None})  # type: ignore[dict-item]
        behind_a_proxy = served.post(
            "tools/list",
            headers={"Authorization": None, "Via": "1.1 proxy"},  # type: ignore[dict-item]
        )

    assert answer.status_code == 200
    assert behind_a_proxy.status_code == 401


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://["]
)
def test_a_page_of_another_origin_is_refused_even_with_a_token(
    served: McpWorld, origin: str
) -> None:
    answer = served.post("tools/list", headers={"Origin": origin})

    assert answer.status_code == 403


def test_a_page_of_our_own_is_served(served: McpWorld) -> None:
    origin = served.url.removesuffix("/mcp")

    assert served.post("tools/list", headers={"Origin": origin}).status_code == 200


def test_a_page_that_the_configuration_lists_is_served_and_may_ask_first() -> None:
    inspector = "http://localhost:6274"
    with mcp_world(f'browser_origins = ["{inspector}"]\n{TWO_TEAMS}') as served:
        asked = {
            "Origin": inspector,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,mcp-method",
        }
        allowed = requests.options(served.url, headers=asked, timeout=30)
        answer = served.post("tools/list", headers={"Origin": inspector})
        refused = served.post("tools/list", headers={"Origin": inspector} | bearer("wrong"))
        others = requests.options(served.url, headers=asked | {"Origin": "http://x"}, timeout=30)

    assert allowed.status_code == 204
    assert allowed.headers["Access-Control-Allow-Origin"] == inspector
    assert "POST" in allowed.headers["Access-Control-Allow-Methods"]
    assert allowed.headers["Access-Control-Allow-Headers"] == "authorization,mcp-method"
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == inspector
    assert "Mcp-Session-Id" in answer.headers["Access-Control-Expose-Headers"]
    assert refused.status_code == 401
    assert others.status_code == 403
    assert "Access-Control-Allow-Origin" not in others.headers


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_slash_at_the_end_leads_to_the_same_endpoint(served: McpWorld, method: str) -> None:
    url = f"{served.url}/"
    session = served.session()
    body = message("tools/list", {})

    without = requests.request(method, url, json=body, timeout=30)
    answer = session.request(method, url, json=body, stream=True, timeout=30)

    assert without.status_code == 401
    assert answer.status_code == 200
    answer.close()


def test_a_foreign_host_is_misdirected_even_with_a_token(served: McpWorld) -> None:
    assert served.post("tools/list", headers={"Host": "evil.example"}).status_code == 421


def test_two_tokens_are_refused(served: McpWorld) -> None:
    both = f"Bearer {BLUE_TOKEN}, Bearer {RED_TOKEN}"

    assert served.post("tools/list", headers={"Authorization": both}).status_code == 400


def test_a_body_of_more_than_4_mib_is_refused(served: McpWorld) -> None:
    answer = served.post(
        "tools/call", {"name": "get_thing", "arguments": {"name": "x" * (4 << 20)}}
    )

    assert answer.status_code == 413


@pytest.mark.parametrize("method", ["OPTIONS", "PUT", "PATCH"])
def test_other_methods_do_nothing(served: McpWorld, method: str) -> None:
    answer = requests.request(method, served.url, headers=bearer(BLUE_TOKEN), timeout=30)

    assert answer.status_code == 405


def test_a_request_whose_id_is_none_is_refused_instead_of_not_answered(served: McpWorld) -> None:
    answer = served.session().post(
        served.url, json={"jsonrpc": "2.0", "id": None, "method": "ping"}, timeout=30
    )

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == -32600


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_session_of_one_team_does_not_exist_for_another(served: McpWorld, method: str) -> None:
    session = served.session(BLUE_TOKEN)
    body = message("tools/list", {})

    stolen = session.request(
        method, served.url, json=body, headers=bearer(RED_TOKEN), stream=True, timeout=30
    )
    unknown = session.request(
        method, served.url, json=body, headers={"Mcp-Session-Id": "0" * 32}, timeout=30
    )

    assert stolen.status_code == unknown.status_code == 404
    assert stolen.json() == unknown.json()
    assert session.post(served.url, json=body, timeout=30).status_code == 200


@pytest.mark.thorough
@pytest.mark.parametrize("mode", MODES)
def test_two_teams_at_once_never_swap(served: McpWorld, mode: str) -> None:
    async def team(token: str, owner: str) -> list[Any]:
        async with served.client(mode, token) as client:
            calls = [thing(client, f"{owner}-{i}") for i in range(CALLS)]
            return await asyncio.gather(*calls)

    async def thing(client: Any, name: str) -> Any:
        """Ask again when so many calls at once are more than the team's share of a processor."""
        answer: dict[str, Any] = {}
        for _ in range(20):
            answer = (await client.call_tool("get_thing", {"name": name})).structured_content
            if "data" in answer:
                break
            await asyncio.sleep(0.3)
        return answer["data"]

    async def go() -> tuple[list[Any], list[Any]]:
        return await asyncio.gather(team(BLUE_TOKEN, "1"), team(RED_TOKEN, "2"))

    blue, red = asyncio.run(go())

    for found, owner in ((blue, "1"), (red, "2")):
        assert [thing["owner"] for thing in found] == [owner] * CALLS
        assert [thing["name"] for thing in found] == [f"{owner}-{i}" for i in range(CALLS)]


def test_a_call_is_remembered_with_its_actor_face_and_address(served: McpWorld) -> None:
    served.call("create_thing", name="remembered", token=RED_TOKEN)

    row = served.world.audit.rows[-1]
    assert (row.actor.team, str(row.actor), row.face) == ("2", "token:auth_token", "mcp")
    assert row.address == "127.0.0.1"


@pytest.fixture(scope="module")
def served() -> Iterator[McpWorld]:
    with mcp_world() as world:
        yield world
