"""Callers that follow resources are told of changes, of theirs only, and of each soon."""

import json
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import anyio
import pytest
import requests
from mcp.shared.subscriptions import ResourceUpdated

from oduflow.adapters.store import JobRows
from oduflow.blueprints.mcp import subscriptions, watcher
from oduflow.blueprints.mcp.calls import Workers
from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.errors import RateLimited, UpstreamFailed
from oduflow.kernel.runner import Runner
from tests.support.fakes import BLUE_TOKEN, RED_TOKEN
from tests.support.grants_world import ADMIN, TEST, GrantsWorld, grants_world
from tests.support.mcp_world import LEGACY, MODERN, McpWorld, eventually, mcp_world, message

SHOP, TILL = "oduflow://environments/shop", "oduflow://environments/till"
ENVIRONMENTS, JOBS = "oduflow://environments", "oduflow://jobs"
META = "io.modelcontextprotocol/subscriptionId"
CLI = Actor("1", ActorKind.CLI, "root")


class Heard:
    """What a stream has said, in its order."""

    def __init__(self, answer: requests.Response) -> None:
        self.answer = answer
        self._lines = answer.iter_lines()

    def next(self) -> dict[str, Any]:
        """Return the next message; waits for it."""
        for line in self._lines:
            if line.startswith(b"data: "):
                found: dict[str, Any] = json.loads(line.removeprefix(b"data: "))
                return found
        return {}

    def uris(self, count: int = 1) -> set[str]:
        """Return the URIs of the next notifications."""
        return {str(self.next()["params"]["uri"]) for _ in range(count)}


@contextmanager
def listening(
    served: McpWorld, *uris: str, token: str = BLUE_TOKEN, **more: Any
) -> Iterator[Heard]:
    """Open a stream of the 2026 era."""
    wanted = {"notifications": {"resourceSubscriptions": list(uris), **more}}
    written = served.written("subscriptions/listen", wanted, token)
    with closing(requests.post(served.url, stream=True, timeout=10, **written)) as answer:
        yield Heard(answer)


def protect(
    served: McpWorld, name: str, *, protected: bool = True, token: str = BLUE_TOKEN
) -> None:
    answer = served.call("protect_environment", token=token, name=name, protected=protected)
    assert answer["status"] == "ok"


@pytest.mark.anyio
async def test_the_sdks_client_of_the_2026_era_is_told_of_a_change(served: McpWorld) -> None:
    async with (
        served.client(MODERN) as client,
        client.listen(resource_subscriptions=[SHOP]) as stream,
    ):
        await anyio.to_thread.run_sync(protect, served, "shop")
        with anyio.fail_after(10):
            assert await anext(aiter(stream)) == ResourceUpdated(uri=SHOP)


@pytest.mark.anyio
async def test_the_sdks_client_of_the_2025_era_is_told_of_a_change(served: McpWorld) -> None:
    session = served.session()
    with closing(session.get(served.url, stream=True, timeout=10)) as stream:
        heard = Heard(stream)
        body = message("resources/subscribe", {"uri": SHOP})
        assert "result" in session.post(served.url, json=body, timeout=10).json()
        await anyio.to_thread.run_sync(protect, served, "shop")
        told = heard.next()

    assert told["method"] == "notifications/resources/updated"
    assert told["params"] == {"uri": SHOP}


def test_it_is_first_told_what_it_will_be_told(served: McpWorld) -> None:
    wanted: dict[str, Any] = {"toolsListChanged": True, "resourcesListChanged": True}
    with listening(served, SHOP, f"{SHOP}/logs", "oduflow://x", **wanted) as heard:
        told = heard.next()

    assert told["method"] == "notifications/subscriptions/acknowledged"
    assert told["params"]["notifications"] == {
        "resourceSubscriptions": [SHOP],
        "resourcesListChanged": True,
    }
    assert told["params"]["_meta"] == {META: 1}


def test_a_job_is_told_at_its_steps_and_its_environment_when_it_ends(
    served: McpWorld, made: GrantsWorld
) -> None:
    made.world.slots.free.clear()
    raw = {"name": "shop"}
    job = made.world.runner.call("restart_environment", raw, ADMIN, TEST).job
    with listening(served, f"{JOBS}/{job}", SHOP, JOBS) as heard:
        heard.next()
        made.world.slots.free.set()
        assert heard.uris(3) == {f"{JOBS}/{job}", SHOP, JOBS}


@pytest.mark.parametrize("written", ["Shop", "shop%20", "%73hop"])
def test_a_name_that_is_written_otherwise_is_followed_as_it_is_read(
    served: McpWorld, written: str
) -> None:
    uri = f"{ENVIRONMENTS}/{written}"
    with listening(served, uri) as heard:
        assert heard.next()["params"]["notifications"] == {"resourceSubscriptions": [uri]}
        protect(served, "shop")
        assert heard.uris() == {uri}


def test_only_what_is_followed_is_told(served: McpWorld) -> None:
    with listening(served, TILL, f"{TILL}/snapshots") as heard:
        heard.next()
        protect(served, "shop")
        protect(served, "till")
        assert heard.uris(2) == {TILL, f"{TILL}/snapshots"}


def test_reading_and_refused_calls_change_nothing(served: McpWorld) -> None:
    with listening(served, SHOP, TILL) as heard:
        heard.next()
        served.call("get_environment", name="shop")
        served.call("protect_environment", name="shop", protected="perhaps")
        protect(served, "till")
        assert heard.uris() == {TILL}


def test_a_change_by_another_process_is_told_as_one_by_this_server_is(
    served: McpWorld, made: GrantsWorld
) -> None:
    with listening(served, SHOP) as heard:
        heard.next()
        made.call("protect_environment", CLI, name="shop", protected=True)
        assert heard.uris() == {SHOP}


def test_an_environment_that_goes_is_told_and_so_is_the_list(
    served: McpWorld, made: GrantsWorld
) -> None:
    made.add("brief")
    with listening(served, ENVIRONMENTS, resourcesListChanged=True) as heard:
        heard.next()
        served.call("delete_environment", name="brief")
        told = [heard.next()["method"] for _ in range(2)]

    assert set(told) == {
        "notifications/resources/updated",
        "notifications/resources/list_changed",
    }


def test_a_grant_follows_only_what_it_may_read_and_never_the_list(
    served: McpWorld, made: GrantsWorld
) -> None:
    token = made.grant("follower", environments=["shop"], tiers=["read"])
    with listening(served, SHOP, TILL, token=token, resourcesListChanged=True) as heard:
        assert heard.next()["params"]["notifications"] == {"resourceSubscriptions": [SHOP]}
        protect(served, "till")
        protect(served, "shop")
        assert heard.uris() == {SHOP}


def test_a_grant_is_not_told_that_another_environment_changed_in_a_list(
    served: McpWorld, made: GrantsWorld
) -> None:
    made.world.slots.free.set()
    job = made.world.runner.call("restart_environment", {"name": "shop"}, ADMIN, TEST, wait=9).job
    token = made.grant("of shop", environments=["shop"], tiers=["read"])
    lists = (ENVIRONMENTS, JOBS, f"{JOBS}/{job}")
    with listening(served, *lists, SHOP, token=token) as heard:
        heard.next()
        protect(served, "till")
        served.call("restart_environment", name="till")
        made.add("brief")
        served.call("delete_environment", name="brief")
        time.sleep(3 * watcher.LOOK_SECONDS)
        protect(served, "shop")
        assert heard.uris(2) == {ENVIRONMENTS, SHOP}
        served.call("restart_environment", name="shop")
        assert {JOBS, SHOP} <= heard.uris(4)


def test_a_grant_is_told_of_its_environments_end_and_not_of_the_next_of_that_name(
    served: McpWorld, made: GrantsWorld
) -> None:
    made.add("short")
    token = made.grant("of short", environments=["short"], tiers=["read"])
    uri = "oduflow://environments/short"
    with listening(served, uri, SHOP, token=token) as heard:
        assert heard.next()["params"]["notifications"] == {"resourceSubscriptions": [uri]}
        made.recreate("short")
        protect(served, "short")
        assert heard.uris() == {uri}
        protect(served, "short")
        made.call("revoke_grant", name="of short")
        assert "uri" not in heard.next().get("params", {})


def test_a_defect_of_a_look_or_a_busy_check_ends_nothing(
    served: McpWorld, made: GrantsWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = made.grant("patient", environments=["shop"], tiers=["read"])
    with listening(served, SHOP, token=token) as heard:
        heard.next()
        unfinished = JobRows.unfinished
        monkeypatch.setattr(JobRows, "unfinished", lambda _self: 1 / 0)
        time.sleep(3 * watcher.LOOK_SECONDS)
        monkeypatch.setattr(JobRows, "unfinished", unfinished)
        busy = Runner.check

        def fail(*_args: Any) -> None:
            raise UpstreamFailed("The store is busy.")

        monkeypatch.setattr(Runner, "check", fail)
        protect(served, "shop")
        assert heard.uris() == {SHOP}
        monkeypatch.setattr(Runner, "check", busy)
        protect(served, "shop")
        assert heard.uris() == {SHOP}


def test_another_teams_changes_are_not_told(served: McpWorld) -> None:
    with listening(served, SHOP, "oduflow://audit", token=RED_TOKEN) as heard:
        heard.next()
        protect(served, "shop")  # Blue's
        served.call("get_environment", name="shop", token=RED_TOKEN)
        assert heard.uris() == {"oduflow://audit"}


def test_a_stream_ends_with_the_credential(served: McpWorld, made: GrantsWorld) -> None:
    token = made.grant("passing", environments=["shop"], tiers=["read"])
    with listening(served, SHOP, token=token) as heard:
        heard.next()
        made.call("revoke_grant", name="passing")
        assert heard.next() == {}


def test_each_stream_holds_one_permit_and_one_too_many_is_refused(served: McpWorld) -> None:
    limiter = served.bridge.wait_limiter
    eventually(lambda: limiter.taken == 0)
    streams = [listening(served, SHOP) for _ in range(4)]
    for each in streams:
        assert each.__enter__().next()["method"] == "notifications/subscriptions/acknowledged"

    assert limiter.taken == len(streams)
    with listening(served, SHOP) as refused:
        error = refused.answer.json()["error"]
    assert error["data"]["kind"] == "rate_limited"
    for each in streams:
        each.__exit__(None, None, None)
    eventually(lambda: limiter.taken == 0)


@pytest.mark.parametrize(
    ("uri", "code"),
    [("oduflow://nothing", -32002), (f"{SHOP}/logs", -32602), (f"{SHOP}x", -32002)],
)
def test_a_session_cannot_follow_what_is_absent_or_changes_without_a_call(
    served: McpWorld, uri: str, code: int
) -> None:
    body = message("resources/subscribe", {"uri": uri})
    answer = served.session().post(served.url, json=body, timeout=10).json()

    assert answer["error"]["code"] == code


def test_a_session_is_told_no_more_once_it_unsubscribes(served: McpWorld) -> None:
    session = served.session()
    with closing(session.get(served.url, stream=True, timeout=10)) as stream:
        for method, uri in (
            ("resources/subscribe", SHOP),
            ("resources/subscribe", TILL),
            ("resources/unsubscribe", SHOP),
        ):
            session.post(served.url, json=message(method, {"uri": uri}), timeout=10)
        protect(served, "shop")
        protect(served, "till")
        assert Heard(stream).uris() == {TILL}


def test_a_session_may_follow_so_many_resources_and_no_more(served: McpWorld) -> None:
    session = served.session()
    uris = [f"{JOBS}?limit={number}" for number in range(1, 52)]
    answers = [
        session.post(served.url, json=message("resources/subscribe", {"uri": uri}), timeout=10)
        for uri in uris
    ]

    assert ["error" in each.json() for each in answers] == [False] * 50 + [True]
    assert "50 resources" in answers[-1].json()["error"]["message"]


def test_a_caller_may_follow_so_many_in_all_its_sessions_and_each_request_is_audited(
    served: McpWorld, made: GrantsWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscriptions, "MAX_OF_AN_ACTOR", 1)
    token = made.grant("another", environments=["shop"], tiers=["read"])
    body = message("resources/subscribe", {"uri": SHOP})
    sessions = [served.session(), served.session(), served.session(token)]
    answers = [each.post(served.url, json=body, timeout=10).json() for each in sessions]

    assert ["error" in each for each in answers] == [False, True, False]
    rows = [row for row in served.world.audit.rows if row.operation == "follow_resources"]
    assert [(str(row.actor), str(row.outcome)) for row in rows] == [
        ("token:auth_token", "ok"),
        ("token:auth_token", "quota"),
        ("grant:another", "ok"),
    ]


def test_following_is_refused_when_no_worker_of_the_team_is_free(
    served: McpWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(_self: Workers, _team: str) -> None:
        raise RateLimited("12 calls of this team are running already.", retry_after=5)

    monkeypatch.setattr(Workers, "acquire", refuse)
    with listening(served, SHOP) as refused:
        assert refused.answer.json()["error"]["data"]["kind"] == "rate_limited"


def test_a_session_that_ends_follows_nothing(
    served: McpWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscriptions, "MAX_OF_A_TEAM", 1)
    body = message("resources/subscribe", {"uri": SHOP})
    first, second = served.session(), served.session()

    assert "result" in first.post(served.url, json=body, timeout=10).json()
    refused = second.post(served.url, json=body, timeout=10).json()
    assert refused["error"]["data"]["kind"] == "quota"
    assert first.delete(served.url, timeout=10).ok
    eventually(lambda: "result" in second.post(served.url, json=body, timeout=10).json())


def test_each_era_is_promised_what_it_gets(served: McpWorld) -> None:
    legacy = served.initialize().json()["result"]["capabilities"]
    modern = served.post("server/discover").json()["result"]["capabilities"]

    assert legacy["resources"] == {"subscribe": True, "listChanged": False}, LEGACY
    assert modern["resources"] == {"subscribe": True, "listChanged": True}
    for each in (legacy, modern):
        assert each["tools"] == {"listChanged": False}
        assert each["prompts"] == {"listChanged": False}
        assert "completions" in each


@pytest.fixture(scope="module", autouse=True)
def _soon() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(watcher, "LOOK_SECONDS", 0.1)
        yield


@pytest.fixture
def made(tmp_path: Any) -> Iterator[GrantsWorld]:
    with grants_world(tmp_path) as world:
        yield world


@pytest.fixture
def served(made: GrantsWorld) -> Iterator[McpWorld]:
    with mcp_world(make=made.answering) as world:
        yield world
