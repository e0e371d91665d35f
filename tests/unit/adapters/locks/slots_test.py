import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

from oduflow.adapters.locks import FileBootSlots, flock
from oduflow.adapters.store import JobRows
from oduflow.domain.boot_queue import BootKind, WaitingBoot
from oduflow.domain.clock import now, rfc3339
from oduflow.domain.errors import Cancelled
from oduflow.kernel import ports
from tests.support.empty_store import open_empty_store
from tests.support.programs import eventually, running, said
from tests.support.store_rows import actor, job

HOLD = """
import sys
from pathlib import Path
from oduflow.adapters.locks import FileBootSlots
from oduflow.adapters.store import JobRows, Store
from oduflow.domain.boot_queue import BootKind, WaitingBoot
folder = Path(sys.argv[1])
jobs = JobRows(Store(folder / "store.sqlite"))
with FileBootSlots(folder, 1, jobs).take(
    WaitingBoot("cli", "1", BootKind.SERVE), print, lambda: None
):
    print("held", flush=True)
    sys.stdin.readline()
"""
BOOT = WaitingBoot(job().id, "1", BootKind.SERVE)
PLACES = (
    [[0], [1], [2], [3]],
    [[0], [1, 0], [2, 1], [3, 2]],
    [[0], [1, 0], [2, 1, 0], [3, 2, 1]],
    [[0], [1, 0], [2, 1, 0], [3, 2, 1, 0]],
)


class Waiter:
    """A job that takes a slot in a thread of its own, and the places it was told."""

    def __init__(
        self, boot: WaitingBoot, slots: FileBootSlots, jobs: JobRows, taken: list[str]
    ) -> None:
        self.name = boot.job
        self.places: list[int] = []
        self.asked: list[float] = []
        self.cancel = threading.Event()
        self.leave = threading.Event()
        self.ended: type[BaseException] | None = None
        self._boot, self._slots, self._jobs, self._taken = boot, slots, jobs, taken
        jobs.add(job(id=boot.job, actor=actor(boot.team)))
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def end(self) -> None:
        self.leave.set()
        self._thread.join(10)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        try:
            with self._slots.take(self._boot, self._place, self._cancelled):
                self._taken.append(self.name)
                self.leave.wait(10)
        except Cancelled as cancelled:
            self.ended = type(cancelled)

    def _place(self, place: int) -> None:
        self._jobs.queue(self.name, place, self._boot.kind)
        self.places.append(place)  # afterwards: the next waiter starts when it sees this

    def _cancelled(self) -> None:
        self.asked.append(time.monotonic())
        if self.cancel.is_set():
            raise Cancelled("Stopped on request.")


def test_two_busy_teams_boot_in_turn_in_either_order_of_asking(slots, jobs):
    with waiting(slots(1), jobs, "abcdefg", "1111122") as (taken, waiters):
        by_name = {waiter.name: waiter for waiter in waiters}
        for number in range(len(waiters)):
            assert eventually(partial(more_than, taken, number))
            by_name[taken[number]].end()

    assert taken[:2] == ["a", "f"]
    assert taken.index("g") <= 3
    assert [name for name in taken if name not in "fg"] == list("abcde")


def test_a_team_that_used_much_waits_for_one_that_used_little(slots, jobs, folder):
    busy, idle = WaitingBoot("busy", "1", BootKind.SERVE), WaitingBoot("idle", "2", BootKind.SERVE)
    for boot in (busy, idle):
        jobs.add(job(id=boot.job, actor=actor(boot.team)))
    with slots(1).take(busy, lambda _: None, lambda: None):
        time.sleep(1.1)

    jobs.queue("busy", 1, BootKind.SERVE)
    jobs.queue("idle", 2, BootKind.SERVE)
    told: list[int] = []
    with slots(1).take(idle, told.append, lambda: None):
        pass

    assert told == [0]  # at once, ahead of the job that came first


def test_a_free_slot_is_taken_without_queueing(slots, jobs):
    places: list[int] = []
    jobs.add(job())

    with slots(1).take(BOOT, places.append, lambda: None):
        assert places == [0]


def test_as_many_boot_at_once_as_there_are_slots(slots, jobs):
    with waiting(slots(2), jobs, "abc") as (taken, (first, second, third)):
        assert eventually(lambda: third.places == [1])
        assert set(taken) == {"a", "b"}

        first.end()

        assert eventually(lambda: third.places == [1, 0])
        second.end()


def test_each_is_told_its_place_and_served_in_the_order_it_came(slots, jobs):
    with waiting(slots(1), jobs, "abcd") as (taken, waiters):
        for waiter, expected in zip(waiters, PLACES, strict=True):
            assert eventually(partial(stand, waiters, expected))
            waiter.end()

    assert taken == ["a", "b", "c", "d"]


def test_who_gives_up_leaves_the_queue_without_a_slot(slots, jobs):
    with waiting(slots(1), jobs, "abc") as (taken, (first, second, third)):
        assert eventually(lambda: third.places == [2])

        second.cancel.set()

        assert eventually(lambda: second.ended is Cancelled)
        jobs.finish("b", "cancelled", {})
        assert eventually(lambda: third.places == [2, 1])
        first.end()
        assert eventually(lambda: taken == ["a", "c"])


def test_even_the_last_in_the_queue_asks_often_whether_to_give_up(slots, jobs):
    names = "abcdefgh"
    for number, name in enumerate(names):
        jobs.add(job(id=f"dead-{name}"))
        jobs.queue(f"dead-{name}", number + 1, BootKind.SERVE)
    with waiting(slots(1), jobs, "yz") as (_, (_, last)):
        assert eventually(lambda: last.places != [])
        time.sleep(1)
        asked = list(last.asked)

    pauses = [after - before for before, after in pairwise(asked)]
    assert len(pauses) >= 4
    assert sorted(pauses)[len(pauses) // 2] <= 0.25


def test_a_job_that_died_in_the_queue_holds_the_others_up_for_a_second_only(slots, jobs):
    jobs.add(job(id="dead"))
    jobs.queue("dead", 1, BootKind.SERVE)
    began = time.monotonic()

    with waiting(slots(1), jobs, "a") as (taken, (waiter,)):
        assert eventually(lambda: taken == ["a"])
        assert 1 <= time.monotonic() - began < 3
        assert waiter.places == [2, 0]


def test_a_slot_is_left_to_those_ahead_and_a_second_one_is_not(slots, jobs):
    jobs.add(job(id="ahead"))
    jobs.queue("ahead", 1, BootKind.SERVE)
    jobs.add(job())
    began = time.monotonic()

    with slots(2).take(BOOT, lambda _: None, lambda: None):
        assert time.monotonic() - began < 0.5


def test_a_slot_is_free_again_when_the_boot_fails(slots, jobs):
    jobs.add(job())
    with (
        pytest.raises(ZeroDivisionError),
        slots(1).take(BOOT, lambda _: None, lambda: None),
    ):
        raise ZeroDivisionError

    with slots(1).take(BOOT, lambda _: None, lambda: None):
        pass


def test_a_slot_is_free_again_when_its_place_cannot_be_told(slots, jobs):
    jobs.add(job())

    def fail(_place: int) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), slots(1).take(BOOT, fail, lambda: None):
        pass

    with slots(1).take(BOOT, lambda _: None, lambda: None):
        pass


def test_a_slot_of_another_process_is_free_after_its_kill(slots, jobs, folder):
    with running(HOLD, folder) as process:
        assert (said(process), said(process)) == ("0", "held")
        with waiting(slots(1), jobs, "a") as (taken, (waiter,)):
            assert eventually(lambda: waiter.places == [1])
            assert taken == []

            process.kill()

            assert eventually(lambda: waiter.places == [1, 0])


def test_a_slot_whose_holder_another_version_named_is_taken_all_the_same(slots, jobs, folder):
    jobs.add(job())
    places: list[int] = []
    held = flock.take(folder / "boot-1.lock", "a job without a kind")
    assert held is not None

    with held, slots(2).take(BOOT, places.append, lambda: None):
        assert places == [0]


def test_slow_boots_of_any_number_of_teams_leave_a_boot_to_the_next_team(slots, jobs, folder):
    jobs.add(job())
    places: list[int] = []
    with ExitStack() as held:
        for number in range(1, 40):
            path = folder / f"boot-{number}.lock"
            boot = flock.take(path, f"install team-{number} job-{number}")
            assert boot is not None
            held.enter_context(boot)
            begun = json.loads(path.read_text()) | {"since": rfc3339(now() - timedelta(minutes=2))}
            path.write_text(f"{json.dumps(begun)}\n")

        with slots(1).take(BOOT, places.append, give_up_after(5.0)):
            assert places == [0]
        with (
            slots(1).take(BOOT, places.append, give_up_after(5.0)),
            pytest.raises(Cancelled),
            slots(1).take(replace(BOOT, job="second"), places.append, give_up_after(0.3)),
        ):
            pytest.fail("the team's own boots are limited to the slots")


def give_up_after(seconds: float) -> Callable[[], None]:
    deadline = time.monotonic() + seconds

    def check() -> None:
        if time.monotonic() > deadline:
            raise Cancelled("No slot was free in time.")

    return check


def test_boot_slots_implement_the_kernels_port(slots):
    port: ports.BootSlots = slots(1)

    with port.take(BOOT, lambda _: None, lambda: None):
        pass


def more_than(taken: list[str], number: int) -> bool:
    return len(taken) > number


def stand(waiters: tuple[Waiter, ...], expected: list[list[int]]) -> bool:
    return [waiter.places for waiter in waiters] == expected


@contextmanager
def waiting(
    slots: FileBootSlots, jobs: JobRows, names: str, teams: str = "1" * 26
) -> Iterator[tuple[list[str], tuple[Waiter, ...]]]:
    """Let jobs ask for a slot one after the other."""
    taken: list[str] = []
    waiters: list[Waiter] = []
    try:
        for name, team in zip(names, teams, strict=False):
            boot = WaitingBoot(name, team, BootKind.SERVE)
            waiters.append(Waiter(boot, slots, jobs, taken))
            assert eventually(lambda: waiters[-1].places != [])
        yield taken, tuple(waiters)
    finally:
        for waiter in waiters:
            waiter.cancel.set()
            waiter.end()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def jobs(folder: Path) -> Iterator[JobRows]:
    store = open_empty_store(folder / "store.sqlite")
    yield JobRows(store)
    store.close()


@pytest.fixture
def slots(folder: Path, jobs: JobRows):
    return lambda count: FileBootSlots(folder, count, jobs)
