"""Boot slots: as many lock files as boots may run at once, shared by server and command line."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from oduflow.adapters.locks.flock import HeldLock, is_free, take
from oduflow.kernel.ports import JobStore

TICK_SECONDS = 0.2
POLL_SECONDS = 0.05


class BootSlots:
    """Implements `kernel.ports.BootSlots`.

    The kernel hands a freed slot to nobody in particular, so fairness is a matter of pace: the
    further back in the queue, the longer a job waits between two tries. A job whose process died
    while waiting slows those behind it by a fraction of a second and blocks nobody.

    Args:
        folder: where the lock files lie.
        slots: how many boots may run at once; the same number in every process.
        jobs: who else waits, in the order in which they began to.
    """

    def __init__(self, folder: Path, slots: int, jobs: JobStore) -> None:
        self._paths = tuple(folder / f"boot-{number}.lock" for number in range(1, slots + 1))
        self._jobs = jobs

    @contextmanager
    def take(
        self, job: str, on_position: Callable[[int], None], cancelled: Callable[[], None]
    ) -> Iterator[None]:
        """Hold a slot, waiting for it as long as it takes.

        Args:
            job: who waits.
            on_position: told the place in the queue when it changes, 1 is next; 0 for a slot.
            cancelled: called every 0.2 s while waiting; raises to give up.
        """
        with self._wait(job, on_position, cancelled):
            on_position(0)
            yield

    def _wait(
        self, job: str, on_position: Callable[[int], None], cancelled: Callable[[], None]
    ) -> HeldLock:
        told = 0
        tried = time.monotonic()
        while True:
            cancelled()
            place = self._place(job)
            if place == 1 or time.monotonic() - tried >= POLL_SECONDS * place:
                slot = self._free_slot(job)
                if slot is not None:
                    return slot
                tried = time.monotonic()
            if place != told:
                on_position(place)
                told = place
            time.sleep(min(POLL_SECONDS * place, TICK_SECONDS))

    def _place(self, job: str) -> int:
        waiting = [row.id for row in self._jobs.unfinished() if row.position]
        return 1 + (waiting.index(job) if job in waiting else len(waiting))

    def _free_slot(self, job: str) -> HeldLock | None:
        for path in self._paths:
            if is_free(path) and (held := take(path, job)):
                return held
        return None
