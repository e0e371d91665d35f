"""Grants at `/mcp`: what they open, and that nothing of theirs outlives them."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.support.fakes import bearer
from tests.support.grants_world import GrantsWorld
from tests.support.mcp_world import McpWorld, eventually, message

SOON = 3.0  # a look each half second, two in a row, and a poll


def test_tools_list_shows_what_the_holder_may_call(served: McpWorld, made: GrantsWorld) -> None:
    reader = made.grant("reader", environments=["shop"], tiers=["read"])
    whole = made.grant("whole", tiers=["read", "write"])

    assert {"get_environment", "list_environments", "wait_for_job"} <= served.listed(reader).keys()
    assert (
        served.listed(reader)
        .keys()
        .isdisjoint({"list_templates", "stop_environment", "create_environment", "revoke_grant"})
    )
    assert {"list_templates", "create_environment"} <= served.listed(whole).keys()
    assert "delete_environment" not in served.listed(whole)


def test_the_status_says_who_holds_it(served: McpWorld, made: GrantsWorld) -> None:
    secret = made.grant("who", environments=["shop"], tiers=["read"])

    status = served.call("get_status", token=secret)["data"]
    actor = {"team": "1", "kind": "grant", "subject": "who"}
    assert status["actor"] == {**actor, "tiers": ["read"], "environments": ["shop"]}
    assert status["environments"] == {"creating": 1}


def test_a_grant_opens_the_mcp_server_of_its_environments_only(
    served: McpWorld, made: GrantsWorld
) -> None:
    secret = made.grant("gate", environments=["shop"])

    assert served.at("shop").call("get_environment", token=secret)["data"]["name"] == "shop"
    foreign = served.at("till").post("tools/list", token=secret)
    absent = served.at("gone").post("tools/list", token=secret)
    assert foreign.status_code == absent.status_code == 404
    assert foreign.text.replace("till", "gone") == absent.text


def test_a_new_environment_of_the_same_name_is_401(served: McpWorld, made: GrantsWorld) -> None:
    made.add("reborn")
    secret = made.grant("old", environments=["reborn"])
    assert served.at("reborn").post("tools/list", token=secret).status_code == 200
    job = served.at("reborn").call("restart_environment", token=secret)["job"]

    made.recreate("reborn")
    fresh = made.grant("new", environments=["reborn"])

    for place in (served, served.at("reborn")):
        assert place.post("tools/list", token=secret).status_code == 401
    assert served.call("get_job", token=fresh, job=job)["error"]["kind"] == "not_found"
    assert served.call("list_jobs", token=fresh)["data"]["jobs"] == []


@pytest.mark.parametrize("end", ["revoked", "expired", "spent", "parent revoked"])
def test_a_grant_that_ended_is_401(served: McpWorld, made: GrantsWorld, end: str) -> None:
    name = end.replace(" ", "-")
    parent = made.holder(made.grant(f"{name}-parent"))
    limits: dict[str, dict[str, Any]] = {"expired": {"expires": "1"}, "spent": {"calls": 1}}
    secret = made.grant(name, parent, **limits.get(end, {}))
    assert served.post("tools/list", token=secret).status_code == 200

    if end == "revoked":
        made.call("revoke_grant", name=name)
    elif end == "parent revoked":
        made.call("revoke_grant", name=f"{name}-parent")
    elif end == "expired":
        time.sleep(1.1)
    else:
        assert served.call("get_status", token=secret)["status"] == "ok"

    for _ in range(4 if "revoked" in end else 10):  # what ended by itself is never a guess
        answer = served.post("tools/list", token=secret)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


def test_of_many_calls_at_once_no_more_than_its_budget_go_through(
    served: McpWorld, made: GrantsWorld
) -> None:
    secret = made.grant("few", calls=5)

    def call(_number: int) -> bool:
        answer = served.post("tools/call", {"name": "get_status", "arguments": {}}, token=secret)
        return answer.status_code == 200 and not answer.json()["result"].get("isError")

    with ThreadPoolExecutor(12) as pool:
        assert sum(pool.map(call, range(24))) == 5


def test_a_team_that_is_no_longer_configured_loses_its_grants(made: GrantsWorld) -> None:
    secret = made.grant("left")

    made.keeper = type(made.keeper)(made.grants, made.environments, lambda: {"2"})

    assert made.keeper.verify(secret, "/mcp") is None


@pytest.mark.parametrize("end", ["revoked", "expired"])
def test_an_open_stream_ends_with_its_grant_and_others_go_on(
    served: McpWorld, made: GrantsWorld, end: str
) -> None:
    kept = served.session(made.grant(f"kept-{end}"))
    expires = "2" if end == "expired" else None
    session = served.session(made.grant(f"stream-{end}", expires=expires))
    with (
        kept.get(served.url, stream=True, timeout=10),
        session.get(served.url, stream=True, timeout=10) as stream,
    ):
        chunks = stream.iter_content(None)  # one: an iterator that is dropped closes the stream
        assert next(chunks).startswith(b": open")
        if end == "revoked":
            made.call("revoke_grant", name=f"stream-{end}")
        started = time.monotonic()
        assert list(chunks) == []
        assert time.monotonic() - started < 2 * SOON + (2 if expires else 0)
        eventually(lambda: served.bridge.wait_limiter.taken == 1, SOON)
        time.sleep(SOON / 2)
        assert served.bridge.wait_limiter.taken == 1, "the other one was ended too"
    eventually(lambda: served.bridge.wait_limiter.taken == 0)


def test_a_call_that_waits_ends_with_its_grant(served: McpWorld, made: GrantsWorld) -> None:
    made.world.slots.free.clear()
    secret = made.grant("waiting")
    restart = {"name": "restart_environment", "arguments": {"name": "shop"}}
    try:
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(served.post, "tools/call", restart, token=secret)
            eventually(lambda: bool(made.world.runner.jobs.store.unfinished()))
            made.call("revoke_grant", name="waiting")
            answer = waiting.result(SOON)
    finally:
        made.world.slots.free.set()

    cancelled = answer.json().get("result", {}).get("structuredContent", {}).get("status")
    assert answer.status_code == 401 or cancelled == "cancelled"


def test_a_session_of_a_revoked_grant_is_none_of_the_next_by_that_name(
    served: McpWorld, made: GrantsWorld
) -> None:
    session = served.session(made.grant("again"))
    made.call("revoke_grant", name="again")
    other = made.grant("again")

    answer = session.post(
        served.url, json=message("tools/list", {}), headers=bearer(other), timeout=30
    )
    assert answer.status_code == 404


def test_a_grant_opens_no_other_face(served: McpWorld, made: GrantsWorld) -> None:
    secret = made.grant("mcp-only")
    base = served.url.removesuffix("/mcp")

    for path in ("/", "/access", "/api/status", "/api/openapi.json", "/metrics"):
        for auth in (bearer(secret), None):
            basic = None if auth else ("admin", secret)
            answer = requests.get(base + path, headers=auth, auth=basic, timeout=30)
            assert answer.status_code == 401, path
