"""`/mcp/<environment>`: one environment's tools, and no way from there to anything else."""

import http.client
from urllib.parse import urlsplit

import pytest
import requests

from oduflow.domain.access import OPEN_TO_RESTRICTED
from tests.support.fakes import BLUE_TOKEN, RED_TOKEN, bearer
from tests.support.grants_world import GrantsWorld
from tests.support.mcp_world import McpWorld, message

IMPLIED = {"get_environment", "start_environment", "delete_environment", "get_environment_logs"}
TEAM_WIDE = {"create_environment", "list_templates", "create_template", "delete_template"}
ODD = [
    "..",
    "%2e%2e",
    "shop%00",
    "shop;x",
    "Shop",
    "SHOP",
    "%2573hop",
    "shop%20",
    "%20shop",
    "shop//",
    "shop/x",
    "%ff",
    "nowhere",
    "/",
]


def test_the_mcp_server_of_one_environment_offers_its_tools_without_a_name(
    served: McpWorld,
) -> None:
    offered, whole = served.at("shop").listed(), served.listed()

    assert offered.keys() >= IMPLIED | {"wait_for_job", "get_status"}
    assert offered.keys().isdisjoint(TEAM_WIDE)
    assert whole.keys() >= IMPLIED | TEAM_WIDE
    for name in IMPLIED:
        assert "name" not in offered[name]["properties"]
        assert "name" not in offered[name].get("required", [])
        assert "name" in whole[name]["required"]
    assert "job" in offered["wait_for_job"]["required"]
    assert "grep" in offered["get_environment_logs"]["properties"]
    assert "name" in offered["revoke_grant"]["required"], "that name is not an environment's"


def test_a_call_is_about_it_whether_it_says_so_or_not(served: McpWorld) -> None:
    shop = served.at("shop")

    assert shop.call("get_environment")["data"]["name"] == "shop"
    assert shop.call("get_environment", name="shop")["data"]["name"] == "shop"
    assert shop.call("get_environment", name=None)["data"]["name"] == "shop"


@pytest.mark.parametrize("name", ["till", "nowhere"])
def test_a_call_that_names_another_is_refused(served: McpWorld, name: str) -> None:
    error = served.at("shop").call("get_environment", name=name)["error"]

    assert error["kind"] == "not_found"
    assert error["message"] == f"There is no environment “{name}”."


def test_the_teams_own_token_is_kept_to_it_there_too(served: McpWorld) -> None:
    shop = served.at("shop")

    assert shop.call("list_templates")["error"]["kind"] == "forbidden"
    listed = shop.call("list_environments")["data"]["environments"]
    assert [one["name"] for one in listed] == ["shop"]
    actor = shop.call("get_status")["data"]["actor"]
    assert (actor["kind"], actor["environments"]) == ("token", ["shop"])


def test_jobs_of_other_environments_are_not_there(served: McpWorld) -> None:
    job = served.call("restart_environment", name="till")["job"]
    own = served.at("shop").call("restart_environment")["job"]

    assert served.at("shop").call("get_job", job=job)["error"]["kind"] == "not_found"
    listed = served.at("shop").call("list_jobs")["data"]["jobs"]
    assert own in {one["job"] for one in listed}
    assert {one["target"] for one in listed} == {"shop"}
    assert served.at("shop").call("get_job", job=own)["data"]["target"] == "shop"


@pytest.mark.parametrize("segment", ODD)
def test_any_other_segment_is_404_as_an_absent_one_is(served: McpWorld, segment: str) -> None:
    answer = raw_post(served, f"/mcp/{segment}", BLUE_TOKEN)

    assert answer.status == 404
    assert "location" not in {name.lower() for name in answer.headers}


def test_what_is_another_teams_is_404_in_the_same_words(served: McpWorld) -> None:
    foreign = served.at("till").post("tools/list", token=RED_TOKEN)
    absent = served.at("gone").post("tools/list", token=RED_TOKEN)

    assert foreign.status_code == absent.status_code == 404
    assert foreign.text.replace("till", "gone") == absent.text


@pytest.mark.parametrize("segment", ["shop", "gone"])
def test_without_a_token_the_mcp_server_of_an_environment_reveals_nothing(
    served: McpWorld, segment: str
) -> None:
    assert raw_post(served, f"/mcp/{segment}", "wrong-token-0123456").status == 401


def test_a_foreign_page_or_host_is_refused_here_too(served: McpWorld) -> None:
    shop = served.at("shop")

    assert shop.post("tools/list", headers={"Origin": "https://evil.example"}).status_code == 403
    assert shop.post("tools/list", headers={"Host": "evil.example"}).status_code == 421


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize(
    ("opened", "used"), [("shop", "till"), ("shop", None), (None, "shop"), ("till", "shop")]
)
def test_a_session_of_one_path_does_not_exist_at_another(
    served: McpWorld, method: str, opened: str | None, used: str | None
) -> None:
    def at(segment: str | None) -> McpWorld:
        return served if segment is None else served.at(segment)

    session = at(opened).session()
    body = message("tools/list", {})

    elsewhere = session.request(method, at(used).url, json=body, stream=True, timeout=30)
    assert elsewhere.status_code == 404
    assert session.post(at(opened).url, json=body, timeout=30).status_code == 200


def test_a_session_ends_with_its_environment_and_is_none_of_the_next(
    served: McpWorld, made: GrantsWorld
) -> None:
    made.add("brief")
    session = served.at("brief").session()
    made.recreate("brief")

    answer = session.post(served.at("brief").url, json=message("tools/list", {}), timeout=30)
    assert answer.status_code == 404


def test_a_stream_ends_when_its_environment_does(served: McpWorld, made: GrantsWorld) -> None:
    made.add("short")
    session = served.at("short").session()
    with session.get(served.at("short").url, stream=True, timeout=5) as stream:
        lines = stream.iter_lines()
        assert next(lines) == b": open"
        made.recreate("short")
        assert list(lines) in ([], [b""])


def test_the_scope_of_every_tool_that_is_offered_is_not_the_teams(
    served: McpWorld, made: GrantsWorld
) -> None:
    registry = made.world.runner.registry

    assert served.at("shop").listed().keys() == {
        found.name for found in registry if found.scopes <= OPEN_TO_RESTRICTED
    }


def raw_post(served: McpWorld, target: str, token: str) -> http.client.HTTPResponse:
    """Post to a path without normalising it, as other clients do."""
    parts = urlsplit(served.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    connection.putrequest("POST", target)
    for name, value in {**bearer(token), "Content-Length": "2"}.items():
        connection.putheader(name, value)
    connection.endheaders(b"{}")
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


def test_a_path_is_taken_as_it_is_sent(served: McpWorld) -> None:
    assert raw_post(served, "/mcp/%73hop", BLUE_TOKEN).status != 404, "one decoding is right"
    assert requests.post(f"{served.url}/shop", headers=bearer(BLUE_TOKEN), timeout=30).ok is False
