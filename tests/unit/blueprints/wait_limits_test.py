"""How many threads may wait at once."""

from contextlib import suppress

from oduflow.blueprints.processor_share import SHARED_WAITING
from oduflow.blueprints.wait_limits import (
    WaitKind,
    WaitLimiter,
    WaitLimits,
    threads_for,
)
from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.errors import RateLimited

ANN = Actor("1", ActorKind.OAUTH, "ann")
BOB = Actor("1", ActorKind.OAUTH, "bob")
EVE = Actor("2", ActorKind.OAUTH, "eve")
LIMITS = WaitLimits(actor=2, team=3, own=1, shared=4)


def _take(
    limiter: WaitLimiter, actor: Actor, times: int, kind: WaitKind = WaitKind.CALL
) -> list[bool]:
    return [limiter.permit(actor, kind).take() for _ in range(times)]


def test_one_actor_leaves_room_for_the_others_of_the_team() -> None:
    limiter = WaitLimiter(LIMITS)

    assert _take(limiter, ANN, 3) == [True, True, False]
    assert _take(limiter, BOB, 2) == [True, False]


def test_one_team_leaves_room_for_the_other_teams() -> None:
    limiter = WaitLimiter(LIMITS)

    assert _take(limiter, ANN, 2) + _take(limiter, BOB, 2) == [True, True, True, False]
    assert _take(limiter, EVE, 2) == [True, True]
    assert limiter.taken == 5
    assert _take(limiter, Actor("3", ActorKind.TOKEN, "auth_token"), 1) == [True]


def test_two_teams_that_hold_all_they_may_leave_each_other_team_its_own_requests() -> None:
    limiter = WaitLimiter()
    limits = limiter.limits

    assert _begin(limiter, ANN) == limits.own + limits.shared == 24
    assert _begin(limiter, EVE) == limits.own
    for team in range(3, 30):
        actor = Actor(str(team), ActorKind.TOKEN, "auth_token")
        assert _begin(limiter, actor) == limits.own


def test_an_open_stream_counts_as_a_running_request() -> None:
    limiter = WaitLimiter(WaitLimits(own=1, shared=1))
    stream = limiter.permit(ANN, WaitKind.STREAM)

    assert stream.take()
    assert _begin(limiter, BOB) == 1
    assert not limiter.permit(BOB, WaitKind.STREAM).take()
    assert _begin(limiter, EVE) == 1
    stream.release()
    assert _begin(limiter, BOB) == 1


def test_five_threads_stay_free_however_many_teams_hold_all_they_may() -> None:
    limits = WaitLimits()

    assert (limits.actor, limits.team) == (4, 8)
    for teams in (1, 2, 50):
        requests = limits.shared + limits.own * teams
        waits_for_the_processor = SHARED_WAITING + teams
        assert requests + waits_for_the_processor == threads_for(teams) - 5


def _begin(limiter: WaitLimiter, actor: Actor) -> int:
    """Begin requests until one is refused; return how many began. They do not end."""
    begun = 0
    with suppress(RateLimited):
        while True:
            limiter.permit(actor, WaitKind.CALL).begin()
            begun += 1
    return begun


def test_streams_do_not_use_up_the_calls() -> None:
    limiter = WaitLimiter(LIMITS)

    assert _take(limiter, ANN, 3, WaitKind.STREAM) == [True, True, False]
    assert _take(limiter, ANN, 1, WaitKind.CALL) == [True]


def test_a_slot_that_is_given_back_is_free_for_the_next() -> None:
    limiter = WaitLimiter(LIMITS)
    first, second = limiter.permit(ANN, WaitKind.CALL), limiter.permit(ANN, WaitKind.CALL)
    assert first.take()
    assert second.take()

    first.release()
    first.release()

    assert _take(limiter, ANN, 2) == [True, False]
    assert limiter.taken == 2


def test_taking_twice_counts_once() -> None:
    limiter = WaitLimiter(LIMITS)
    permit = limiter.permit(ANN, WaitKind.CALL)

    assert permit.take()
    assert permit.take()
    assert limiter.taken == 1


def test_a_request_that_is_over_takes_no_wait_permit() -> None:
    limiter = WaitLimiter(LIMITS)
    permit = limiter.permit(ANN, WaitKind.CALL)

    permit.release()

    assert permit.over
    assert not permit.take()
    assert limiter.taken == 0
