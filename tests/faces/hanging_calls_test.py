"""Calls that hang on a foreign server: those of one team do not block another team."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
import requests

from oduflow.blueprints.wait_limits import WaitKind, WaitLimiter, WaitLimits, WaitPermit
from oduflow.domain.access import Actor, ActorKind, Permission
from oduflow.domain.outcome import Nothing, Outcome
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from tests.support.credential_rows import CredentialRows
from tests.support.dashboard_world import make_dashboard
from tests.support.fakes import (
    BLUE_PASSWORD,
    BLUE_TOKEN,
    RED_PASSWORD,
    RED_TOKEN,
    TWO_TEAMS,
    basic,
    make_world,
)
from tests.support.mcp_world import eventually, mcp_world
from tests.support.things import THINGS
from tests.support.waitress_server import THREADS, waitress_server

URL = "https://me:ghp_A1b2C3d4E5f6G7h8I9j0@git.example.com/acme/addons.git"
SOON = 2.0
LIMITS = WaitLimits()


@operation(
    permission=Permission.ENVIRONMENT_READ,
    effect=Effect.READ,
    open_world=True,
    rest="GET /things/abroad",
)
def ask_abroad(deps: Any, call: Call, args: Nothing) -> Outcome[Nothing]:
    """Ask a server that does not answer until the test lets it."""
    deps.wait(30)
    return Outcome(Nothing(), "It answered.")


ABROAD = ask_abroad.__operation__  # type: ignore[attr-defined]


class Hanging(CredentialRows):
    """Credentials at a provider that does not answer until the test lets it."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()

    @property
    def failure(self) -> None:
        self.go.wait(30)

    @failure.setter
    def failure(self, _value: object) -> None:
        """Never fail."""


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("/api/credentials/add", {"json": {"repo_url": URL}}),
        ("/credentials", {"data": {"repository": "https://github.com/a/b", "token": "t"}}),
    ],
)
def test_hanging_calls_of_one_team_leave_the_other_teams_answered(path, sent):
    hanging = Hanging()
    with served(hanging) as url, ThreadPoolExecutor(THREADS) as pool:
        asked = [
            pool.submit(
                requests.post, url + path, auth=("admin", BLUE_PASSWORD), timeout=30, **sent
            )
            for _ in range(THREADS)
        ]
        eventually(lambda: len(done(asked)) == THREADS - LIMITS.actor)
        started = time.monotonic()
        others = requests.get(f"{url}/api/environments", headers=basic(RED_PASSWORD), timeout=30)
        took = time.monotonic() - started
        hanging.go.set()
        answers = [one.result() for one in asked]

    assert others.status_code == 200
    assert took < SOON
    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(refused) == THREADS - LIMITS.actor
    assert {answer.headers["Retry-After"] for answer in refused} == {"5"}
    assert not any("ghp_" in answer.text for answer in refused)
    assert len(hanging.handed_in) == LIMITS.actor, "a refused call asks no server"


def test_hanging_calls_are_limited_over_mcp_too():
    go = threading.Event()

    def make(toml: str) -> Any:
        return make_world(toml, operations=[*THINGS, ABROAD], deps=go)

    with mcp_world(make=make) as served, ThreadPoolExecutor(9) as pool:
        asked = [pool.submit(served.call, "ask_abroad") for _ in range(9)]
        eventually(lambda: len(done(asked)) == 9 - LIMITS.actor)
        go.set()
        answers = [one.result() for one in asked]

    kinds = [answer["error"]["kind"] for answer in answers if answer["status"] == "failed"]
    assert kinds == ["rate_limited"] * (9 - LIMITS.actor)


def test_a_team_that_holds_24_threads_is_refused_over_rest_and_mcp_and_another_is_not():
    with mcp_world() as served:
        url = served.url.removesuffix("/mcp")
        held = hold_threads(served.world.context.wait_limiter)

        def ask() -> list[object]:
            rest = [
                requests.get(f"{url}/api/things?text=a", headers=basic(password), timeout=30)
                for password in (BLUE_PASSWORD, RED_PASSWORD)
            ]
            mcp = [
                served.call("get_thing", token, name="a")["status"]
                for token in (BLUE_TOKEN, RED_TOKEN)
            ]
            return [*(answer.status_code for answer in rest), *mcp]

        assert ask() == [429, 200, "failed", "ok"]
        held.pop().release()
        assert ask() == ask() == [200, 200, "ok", "ok"], "each gives its thread back"


def test_a_team_that_holds_24_threads_is_refused_in_the_dashboard():
    world, _ledger = make_dashboard(TWO_TEAMS)
    held = hold_threads(world.context.wait_limiter)
    client = world.client()

    refused = client.get("/credentials", headers=basic(BLUE_PASSWORD))
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "5")
    assert client.get("/credentials", headers=basic(RED_PASSWORD)).status_code == 200
    held.pop().release()
    for _ in range(2):
        assert client.get("/credentials", headers=basic(BLUE_PASSWORD)).status_code == 200


def hold_threads(limiter: WaitLimiter) -> list[WaitPermit]:
    """Begin as many requests of team blue as may run at once."""
    blue = Actor("1", ActorKind.TOKEN, "auth_token")
    held = [limiter.permit(blue, WaitKind.CALL) for _ in range(LIMITS.requests)]
    for permit in held:
        permit.begin()
    return held


def test_calls_that_follow_one_another_need_no_more_than_one_place():
    go = threading.Event()
    go.set()
    world = make_world(operations=[*THINGS, ABROAD], deps=go)
    client = world.client()

    codes = {
        client.get("/api/things/abroad", headers=basic(BLUE_PASSWORD)).status_code
        for _ in range(LIMITS.team + 1)
    }

    assert codes == {200}
    assert world.context.wait_limiter.taken == 0


def done(asked: list[Future[Any]]) -> list[Future[Any]]:
    return [one for one in asked if one.done()]


@contextmanager
def served(credentials: CredentialRows) -> Iterator[str]:
    def make_app(port: int) -> Any:
        world, ledger = make_dashboard(f"[server]\nport = {port}\n{TWO_TEAMS}")
        ledger.credentials = credentials
        return world.app

    with waitress_server(make_app) as server:
        yield server.url
