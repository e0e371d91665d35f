"""How many threads may wait at once."""

from oduflow.blueprints.wait_limits import WaitKind, WaitLimiter, WaitLimits
from oduflow.cli.serve import THREADS
from oduflow.domain.access import Actor, ActorKind

ANN = Actor("1", ActorKind.OAUTH, "ann")
BOB = Actor("1", ActorKind.OAUTH, "bob")
EVE = Actor("2", ActorKind.OAUTH, "eve")
LIMITS = WaitLimits(actor=2, team=3, total=5)


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
    assert _take(limiter, Actor("3", ActorKind.TOKEN, "auth_token"), 1) == [False]


def test_four_threads_stay_free_whoever_waits() -> None:
    limits = WaitLimiter().limits

    assert (limits.actor, limits.team, limits.total) == (4, 8, THREADS - 4)
    assert limits.requests == THREADS - 8, "the calls of one team leave eight to the others"


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
