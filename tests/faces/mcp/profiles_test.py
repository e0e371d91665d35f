"""`/mcp?profile=coding`: a shorter list of the same tools."""

from dataclasses import replace

import pytest

from oduflow.domain.errors import Kind
from oduflow.kernel.operation import Profile
from tests.support.fakes import BLUE_TOKEN
from tests.support.grants_world import GrantsWorld
from tests.support.mcp_world import MODES, McpWorld, message


def at(served: McpWorld, profile: str) -> McpWorld:
    return replace(served, url=f"{served.url}?profile={profile}")


def test_a_profile_lists_its_tools_only(served: McpWorld, made: GrantsWorld) -> None:
    coding = {tool.name for tool in made.world.runner.registry if Profile.CODING in tool.profiles}

    assert at(served, "coding").listed().keys() == coding
    assert served.listed().keys() > coding


def test_a_tool_that_it_does_not_list_can_be_called(served: McpWorld) -> None:
    assert at(served, "coding").call("get_status")["status"] == "ok"


def test_it_is_offered_for_one_environment_too(served: McpWorld) -> None:
    offered = at(served.at("shop"), "coding").listed()

    assert offered["get_environment"]["properties"] == {}
    assert "get_status" not in offered
    assert "create_environment" not in offered


@pytest.mark.anyio
@pytest.mark.parametrize("mode", MODES)
async def test_the_sdks_client_gets_it_in_both_eras(served: McpWorld, mode: str) -> None:
    async with at(served, "coding").client(mode) as client:
        listed = {tool.name for tool in (await client.list_tools()).tools}

    assert listed == at(served, "coding").listed().keys()


def test_a_session_lists_what_each_request_asks_for(served: McpWorld) -> None:
    session = served.session()

    def listed(url: str) -> int:
        answer = session.post(url, json=message("tools/list", {}), timeout=30)
        return len(answer.json()["result"]["tools"])

    assert listed(at(served, "coding").url) < listed(served.url)


def test_an_unknown_profile_is_refused_with_those_there_are(
    served: McpWorld, made: GrantsWorld
) -> None:
    answer = at(served, "codin").post("tools/list")

    assert answer.status_code == 422
    assert answer.json()["detail"] == "There is no profile “codin”."
    assert "?profile=coding" in answer.json()["hint"]
    last = made.world.audit.rows[-1]
    assert (last.operation, last.outcome) == ("unknown_profile", Kind.INVALID)


def test_without_a_token_no_profile_is_looked_up(served: McpWorld) -> None:
    answer = at(served, "codin").post("tools/list", token=f"{BLUE_TOKEN}x")
    assert answer.status_code == 401
