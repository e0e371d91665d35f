"""How many threads may wait at once."""

from oduflow.blueprints.slots import Limits, Slots, Use
from oduflow.cli.serve import THREADS
from oduflow.domain.access import Actor, ActorKind

ANN = Actor("1", ActorKind.OAUTH, "ann")
BOB = Actor("1", ActorKind.OAUTH, "bob")
EVE = Actor("2", ActorKind.OAUTH, "eve")
LIMITS = Limits(actor=2, team=3, total=5)


def _take(slots: Slots, actor: Actor, times: int, use: Use = Use.CALL) -> list[bool]:
    return [slots.slot(actor, use).take() for _ in range(times)]


def test_one_actor_leaves_room_for_the_others_of_the_team() -> None:
    slots = Slots(LIMITS)

    assert _take(slots, ANN, 3) == [True, True, False]
    assert _take(slots, BOB, 2) == [True, False]


def test_one_team_leaves_room_for_the_other_teams() -> None:
    slots = Slots(LIMITS)

    assert _take(slots, ANN, 2) + _take(slots, BOB, 2) == [True, True, True, False]
    assert _take(slots, EVE, 2) == [True, True]
    assert slots.taken == 5
    assert _take(slots, Actor("3", ActorKind.TOKEN, "auth_token"), 1) == [False]


def test_four_threads_stay_free_whoever_waits() -> None:
    limits = Slots().limits

    assert (limits.actor, limits.team, limits.total) == (4, 8, THREADS - 4)


def test_streams_do_not_use_up_the_calls() -> None:
    slots = Slots(LIMITS)

    assert _take(slots, ANN, 3, Use.STREAM) == [True, True, False]
    assert _take(slots, ANN, 1, Use.CALL) == [True]


def test_a_slot_that_is_given_back_is_free_for_the_next() -> None:
    slots = Slots(LIMITS)
    first, second = slots.slot(ANN, Use.CALL), slots.slot(ANN, Use.CALL)
    assert first.take()
    assert second.take()

    first.release()
    first.release()

    assert _take(slots, ANN, 2) == [True, False]
    assert slots.taken == 2


def test_taking_twice_counts_once() -> None:
    slots = Slots(LIMITS)
    slot = slots.slot(ANN, Use.CALL)

    assert slot.take()
    assert slot.take()
    assert slots.taken == 1


def test_nobody_takes_a_slot_after_its_request_is_over() -> None:
    slots = Slots(LIMITS)
    slot = slots.slot(ANN, Use.CALL)

    slot.release()

    assert slot.over
    assert not slot.take()
    assert slots.taken == 0
