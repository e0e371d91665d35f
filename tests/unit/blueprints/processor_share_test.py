"""How long a team's next call waits for what its calls have used of the processor."""

import pytest
from flask import Flask

from oduflow.blueprints.processor_share import (
    BURST_SECONDS,
    EXPECTED_SECONDS,
    MAX_DEBT_SECONDS,
    MAX_WAIT_SECONDS,
    MAX_WAITING,
    SHARE,
    TOOL_CALL_SECONDS,
    ProcessorShares,
    begin_call,
    end_call,
    measured,
)
from oduflow.blueprints.wait_limits import RETRY_AFTER_SECONDS
from oduflow.domain.errors import RateLimited
from tests.support.clocks import SteppedClock

LATER = 1000.0


@pytest.fixture
def clock() -> SteppedClock[float]:
    return SteppedClock(LATER)


@pytest.fixture
def shares(clock: SteppedClock[float]) -> ProcessorShares:
    return ProcessorShares(clock)


def test_a_team_that_used_no_more_than_a_burst_does_not_wait(shares: ProcessorShares) -> None:
    shares.charge("red", BURST_SECONDS)
    assert shares.wait_seconds("red") == 0


def test_a_team_waits_until_its_share_has_made_good_what_it_used(
    shares: ProcessorShares, clock: SteppedClock[float]
) -> None:
    shares.charge("red", BURST_SECONDS + 0.2)
    assert shares.wait_seconds("red") == pytest.approx(0.2 / SHARE)
    clock.now += 0.1 / SHARE
    assert shares.wait_seconds("red") == pytest.approx(0.1 / SHARE)
    clock.now += 0.1 / SHARE
    assert shares.wait_seconds("red") == pytest.approx(0)


def test_an_idle_team_saves_up_nothing(shares: ProcessorShares, clock: SteppedClock[float]) -> None:
    shares.charge("red", 0.1)
    clock.now += LATER
    shares.charge("red", BURST_SECONDS + 0.5)
    assert shares.wait_seconds("red") == pytest.approx(0.5 / SHARE)


def test_no_call_waits_longer_than_the_limit(shares: ProcessorShares) -> None:
    shares.charge("red", LATER)
    assert shares.wait_seconds("red") == MAX_WAIT_SECONDS


def test_a_flood_that_has_ended_holds_its_team_up_for_seconds(
    shares: ProcessorShares, clock: SteppedClock[float]
) -> None:
    shares.charge("red", LATER)
    clock.now += MAX_DEBT_SECONDS / SHARE
    assert shares.wait_seconds("red") == 0


def test_one_team_waits_for_no_other(shares: ProcessorShares) -> None:
    shares.charge("red", LATER)
    assert shares.wait_seconds("blue") == 0


def test_as_many_calls_wait_as_leave_threads_to_other_teams(shares: ProcessorShares) -> None:
    shares.charge("red", LATER)

    def all_at_once(waiting: int) -> None:
        assert waiting <= MAX_WAITING
        shares.wait("red", lambda _seconds: all_at_once(waiting + 1))

    with pytest.raises(RateLimited, match="no more than 6 of them may wait") as refused:
        all_at_once(0)
    assert refused.value.retry_after == RETRY_AFTER_SECONDS
    slept: list[float] = []
    shares.wait("red", slept.append)
    shares.wait("blue", slept.append)
    assert slept == [MAX_WAIT_SECONDS], "those that waited have left, and blue does not wait"


def test_two_teams_that_wait_as_often_as_they_may_leave_each_other_team_one_wait(
    shares: ProcessorShares,
) -> None:
    for team in ("red", "green", "blue"):
        shares.charge(team, LATER)
    slept: list[float] = []

    def wait_beside(*teams: str) -> None:
        if teams:
            shares.wait(teams[0], lambda _seconds: wait_beside(*teams[1:]))
            return
        with pytest.raises(RateLimited, match="no more than 1 of them"):
            shares.wait("green")
        shares.wait("blue", slept.append)

    wait_beside(*["red"] * MAX_WAITING, "green")
    assert slept == [MAX_WAIT_SECONDS]


def test_calls_that_come_together_begin_one_after_the_other(shares: ProcessorShares) -> None:
    shares.charge("red", BURST_SECONDS)
    slept: list[float] = []
    for _ in range(4):
        shares.wait("red", slept.append)
    step = EXPECTED_SECONDS / SHARE
    assert slept == pytest.approx([step, 2 * step, 3 * step])


def test_a_call_that_is_refused_is_charged_too(shares: ProcessorShares) -> None:
    shares.charge("red", BURST_SECONDS + 0.1)

    def refused_at_the_limit(waiting: int) -> None:
        if waiting < MAX_WAITING:
            shares.wait("red", lambda _seconds: refused_at_the_limit(waiting + 1))
            return
        before = shares.wait_seconds("red")
        with Flask("test").test_request_context():
            with pytest.raises(RateLimited):
                begin_call(shares, "red", alone=False)
            assert sum(number * number for number in range(1_000_000))
            end_call()
        assert shares.wait_seconds("red") > before

    refused_at_the_limit(0)


def test_a_request_is_charged_to_the_team_that_began_it(shares: ProcessorShares) -> None:
    with Flask("test").test_request_context():
        begin_call(shares, "red", alone=False)
        used = sum(number * number for number in range(2_000_000))
        end_call()
        end_call()  # what is charged already is charged no more
    assert used
    shares.charge("red", BURST_SECONDS)
    assert shares.wait_seconds("red") > 0
    assert shares.wait_seconds("blue") == 0


def test_the_only_team_of_a_server_is_never_charged(shares: ProcessorShares) -> None:
    shares.charge("red", LATER)
    with Flask("test").test_request_context():
        begin_call(shares, "red", alone=True)
        end_call()


def test_a_tool_is_charged_with_its_thread_and_the_event_loop_also_when_it_fails() -> None:
    charged: list[float] = []
    assert measured(charged.append, lambda: "answer") == "answer"
    with pytest.raises(ZeroDivisionError):
        measured(charged.append, lambda: str(1 / 0))
    assert len(charged) == 2
    assert all(seconds >= TOOL_CALL_SECONDS for seconds in charged)
