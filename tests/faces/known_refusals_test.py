"""Known callers refused by a face before any operation: audited with who, where and why."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from oduflow.blueprints.mcp import calls
from oduflow.blueprints.wait_limits import WaitKind, WaitLimits
from oduflow.domain.access import Actor, ActorKind
from tests.support.dashboard_world import make_dashboard
from tests.support.fakes import (
    BLUE_PASSWORD,
    BLUE_TOKEN,
    OPEN,
    World,
    basic,
    bearer,
    make_world,
)
from tests.support.mcp_world import OPERATIONS, McpWorld, eventually, mcp_world

BLUE = basic(BLUE_PASSWORD)
TOKEN = bearer(BLUE_TOKEN)
ADMIN = Actor("1", ActorKind.BASIC, "admin")
LARGE = b"x" * ((4 << 20) + 1)
JSON = {"Content-Type": "application/json"}
TEXT = {"Content-Type": "text/plain"}


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "status", "told"),
    [
        ("POST", "/api/things", JSON, b"{", 422, ("create_thing", "rest", "invalid")),
        ("POST", "/api/things", TEXT, b"{}", 415, ("create_thing", "rest", "invalid")),
        ("POST", "/api/things", JSON, LARGE, 413, ("create_thing", "rest", "invalid")),
        ("POST", "/api/things?a=b", {}, b"", 422, ("create_thing", "rest", "invalid")),
        ("GET", "/api/things", {}, b"x", 422, ("list_things", "rest", "invalid")),
        ("POST", "/mcp", TOKEN | JSON, LARGE, 413, ("unreadable_body", "mcp", "invalid")),
        ("POST", "/mcp/nowhere", TOKEN, b"", 404, ("unknown_environment", "mcp", "not_found")),
    ],
)
def test_what_cannot_be_read_or_found_is_one_row(method, path, headers, body, status, told):
    world = make_world()

    answer = world.client().open(path, method=method, headers=BLUE | headers, data=body)

    assert answer.status_code == status
    (row,) = world.audit.rows
    assert (row.operation, row.face, row.outcome) == told
    assert (row.actor.team, row.actor.subject) == ("1", "auth_token" if "mcp" in path else "admin")
    assert (row.address, dict(row.fields)) == ("127.0.0.1", {})
    assert world.audit.counted == [row]


def test_a_refusal_is_counted_where_no_password_is_needed():
    world = make_world(OPEN)

    world.client().post("/api/things", data="{", headers=JSON)

    assert [row.operation for row in world.audit.counted] == ["create_thing"]


@pytest.mark.parametrize("retries", [1, 3])
def test_a_wait_without_room_is_counted_over_rest(retries):
    world = make_world(operations=OPERATIONS)
    take_all(world)

    for _ in range(retries):
        assert world.client().get("/api/rest?seconds=5", headers=BLUE).status_code == 429

    rows = [(row.operation, row.actor, row.face, row.outcome) for row in world.audit.counted]
    assert rows == [("rest_awhile", ADMIN, "rest", "rate_limited")] * retries


def test_a_form_without_room_is_counted_on_the_dashboard():
    world, ledger = make_dashboard()
    take_all(world)

    sent = {"repository": "https://github.com/a/b", "token": "t"}
    answer = world.client().post("/credentials", data=sent, headers=BLUE)

    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "5"
    assert ledger.credentials.handed_in == []
    rows = [(row.operation, row.face, row.outcome) for row in world.audit.counted]
    assert ("setup_repo_auth", "dashboard", "rate_limited") in rows


@pytest.mark.parametrize(
    ("path", "headers", "told"),
    [
        ("/api/things", BLUE, ("draining", "rest", "busy", "admin")),
        ("/mcp", TOKEN, ("draining", "mcp", "busy", "auth_token")),
        ("/credentials", BLUE, ("draining", "dashboard", "busy", "admin")),
    ],
)
def test_what_a_server_that_shuts_down_refuses_is_counted_with_who_asked(path, headers, told):
    world = make_dashboard()[0] if path == "/credentials" else make_world()
    world.context.draining.set()

    assert world.client().post(path, headers=headers).status_code == 503

    (row,) = world.audit.counted
    assert (row.operation, row.face, row.outcome, row.actor.subject) == told


def test_a_stranger_is_no_better_off_while_it_shuts_down():
    world = make_world()
    world.context.draining.set()

    assert world.client().post("/api/things").status_code == 401
    assert world.client().post("/nowhere").status_code == 503
    assert [row.operation for row in world.audit.strangers] == ["sign_in", "draining"]


def test_an_unknown_tool_is_one_row_without_its_name(served: McpWorld):
    served.post("tools/call", {"name": "drop_everything", "arguments": {"name": "a"}})

    (row,) = served.world.audit.rows
    assert (row.operation, row.face, row.outcome) == ("unknown_tool", "mcp", "not_found")
    assert (row.actor.subject, row.address) == ("auth_token", "127.0.0.1")
    assert "drop_everything" not in repr(row)


def test_a_call_that_finds_no_worker_is_counted(served: McpWorld, monkeypatch):
    monkeypatch.setattr(calls, "CALLS_OF_A_TEAM", 1)
    monkeypatch.setattr(calls, "PATIENCE_SECONDS", 0.1)
    with ThreadPoolExecutor(1) as pool:
        resting = pool.submit(served.call, "rest_awhile", seconds=2)
        eventually(lambda: served.bridge.wait_limiter.taken == 1)
        threading.Event().wait(0.3)
        refused = served.call("get_thing", name="a")
        resting.result()

    assert refused["error"]["kind"] == "rate_limited"
    rows = [(row.operation, row.face, row.outcome) for row in served.world.audit.counted]
    assert ("get_thing", "mcp", "rate_limited") in rows


def test_a_wait_without_room_is_counted_over_mcp(served: McpWorld):
    take_all(served.world)

    refused = served.call("rest_awhile", seconds=5)

    assert refused["error"]["kind"] == "rate_limited"
    rows = [(row.operation, row.face, row.outcome) for row in served.world.audit.counted]
    assert rows == [("rest_awhile", "mcp", "rate_limited")]


def take_all(world: World) -> None:
    """Take every wait permit of the team, as several of its people."""
    limits = WaitLimits()
    people = [f"p{number}" for number in range(limits.team // limits.actor)]
    for name in people * limits.actor:
        assert world.context.wait_limiter.permit(
            Actor("1", ActorKind.OAUTH, name), WaitKind.CALL
        ).take()


@pytest.fixture
def served() -> Iterator[McpWorld]:
    with mcp_world() as made:
        yield made
