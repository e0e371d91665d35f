from itertools import count

import pytest

from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.boot_queue import BootKind
from oduflow.domain.errors import Cancelled
from oduflow.domain.job import Progress
from oduflow.kernel import call as call_module
from oduflow.kernel.call import Call, Origin
from tests.support.fakes import FakeBootSlots

ADA = Actor("1", ActorKind.OAUTH, "ada")


def test_a_step_is_reported_to_the_listener():
    told: list[Progress] = []

    make(_report=told.append).report("checkout", "checking out", 1, 9)

    assert told == [Progress("checkout", "checking out", 1, 9)]


def test_a_quick_call_may_report_without_a_listener():
    make().report("checkout", "checking out")


def test_a_cancelled_call_stops_at_its_next_step():
    told: list[Progress] = []
    asked = make(_report=told.append, _cancel_requested=lambda: True)

    with pytest.raises(Cancelled):
        asked.report("database", "cloning")

    assert told == []


def test_the_store_is_asked_about_cancellation_at_most_four_times_a_second():
    questions = count()
    patient = make(_cancel_requested=lambda: next(questions) < 0)

    for _ in range(1000):
        patient.raise_if_cancelled()

    assert 1 <= next(questions) < 10


def test_a_cancellation_is_noticed_after_a_while(monkeypatch):
    monkeypatch.setattr(call_module, "CANCEL_CHECK_SECONDS", 0.0)
    answers = iter([False, True])
    asked = make(_cancel_requested=lambda: next(answers))

    assert not asked.cancelled()
    assert asked.cancelled()
    assert asked.cancelled(), "what was asked once holds"


def test_without_slots_a_boot_does_not_wait():
    with make().boot_slot():
        pass


def test_a_boot_waits_for_a_slot_and_tells_its_place():
    places: list[int] = []

    def told(place: int, _kind: BootKind) -> None:
        places.append(place)

    with make(job="j", _slots=FakeBootSlots(), _position=told).boot_slot():
        pass

    assert places == [0]


def test_a_boot_within_a_boot_uses_the_same_slot():
    taken: list[tuple[int, BootKind]] = []
    call = make(
        job="j", _slots=FakeBootSlots(), _position=lambda place, kind: taken.append((place, kind))
    )

    with call.boot_slot(BootKind.INSTALL), call.boot_slot():
        pass
    with call.boot_slot():
        pass

    assert taken == [(0, BootKind.INSTALL), (0, BootKind.SERVE)]


def test_a_cancelled_call_gives_up_its_place_in_the_queue():
    slots = FakeBootSlots()
    slots.free.clear()
    asked = make(job="j", _slots=slots, _cancel_requested=lambda: True)

    with pytest.raises(Cancelled), asked.boot_slot():
        pytest.fail("it booted though it was cancelled")


def make(**given):
    return Call(ADA, Origin("rest"), **given)
