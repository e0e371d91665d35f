"""Waiting calls of one team do not slow down another team's short calls."""

import statistics
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path

import pytest
import requests

from tests.support.fakes import BLUE_PASSWORD, BLUE_TOKEN, RED_TOKEN
from tests.support.grants_world import GrantsWorld, grants_world
from tests.support.mcp_world import McpWorld, eventually, mcp_world

WAITS = 100
CALLS = 40
SHORT_SECONDS = 0.2
OF_A_TEAM = 8


def test_a_hundred_waits_of_one_team_leave_the_short_calls_of_another_short(
    served: McpWorld, made: GrantsWorld
) -> None:
    made.world.slots.free.clear()
    job = served.call("restart_environment", name="shop", token=made.grant("begins"))["job"]
    tokens = [BLUE_TOKEN, *(made.grant(f"agent{number}") for number in range(4))]

    def wait(number: int) -> bool:
        """Wait for the job, as agents and scripts do; say whether there was room to."""
        if number % 5 == 0:
            address = f"{served.url.removesuffix('/mcp')}/api/jobs/{job}/wait?seconds=45"
            admin = ("admin", BLUE_PASSWORD)
            return requests.get(address, auth=admin, timeout=60).status_code == 200
        token = tokens[number % len(tokens)]
        call = {"name": "wait_for_job", "arguments": {"job": job, "seconds": 45}}
        answer = served.post("tools/call", call, token=token)
        if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:  # of the team's processor share
            return False
        return bool(answer.json()["result"]["structuredContent"]["status"] == "ok")

    with ThreadPoolExecutor(WAITS) as pool:
        waits = [pool.submit(wait, number) for number in range(WAITS)]
        during = [timed(served) for _ in range(CALLS)]
        eventually(lambda: len(pending(waits)) == OF_A_TEAM, 30)
        after = [timed(served) for _ in range(CALLS)]
        still = len(pending(waits))
        made.world.slots.free.set()
        let_in = sum(one.result() for one in waits)

    assert still == let_in == OF_A_TEAM, "they waited all along, and no more of them"
    assert statistics.median(after) < SHORT_SECONDS, sorted(after)
    # While a hundred clients connect at once in this very process, the clock is theirs too.
    assert statistics.median(during) < 5 * SHORT_SECONDS, sorted(during)


def test_the_streams_of_one_team_leave_room_for_another(
    served: McpWorld, made: GrantsWorld
) -> None:
    sessions = [served.session(made.grant(f"s{number}")) for number in range(12)]
    answers = [one.get(served.url, stream=True, timeout=30) for one in sessions]

    assert sorted(answer.status_code for answer in answers) == [200] * OF_A_TEAM + [405] * 4
    assert statistics.median(timed(served) for _ in range(9)) < SHORT_SECONDS
    others = served.session(RED_TOKEN).get(served.url, stream=True, timeout=30)
    assert others.status_code == 200
    for answer in (*answers, others):
        answer.close()


def timed(served: McpWorld) -> float:
    """Return how long the status takes another team, in seconds."""
    started = time.monotonic()
    assert served.call("get_status", token=RED_TOKEN)["data"]["actor"]["team"] == "2"
    return time.monotonic() - started


def pending(waits: list[Future[bool]]) -> list[Future[bool]]:
    return [one for one in waits if not one.done()]


@pytest.fixture
def made(tmp_path: Path) -> Iterator[GrantsWorld]:
    with grants_world(tmp_path) as world:
        yield world


@pytest.fixture
def served(made: GrantsWorld) -> Iterator[McpWorld]:
    with mcp_world(wait_seconds=0.5, make=made.answering) as world:
        yield world
