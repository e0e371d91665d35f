"""Boot slots: one lock file for each simultaneous boot, shared by server and command line."""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from oduflow.adapters.locks.flock import HeldLock, is_free, take
from oduflow.kernel.ports import JobStore

POLL_SECONDS = 0.05
TICK_SECONDS = 0.15
STALE_SECONDS = 1.0


class FileBootSlots:
    """Implements `kernel.ports.BootSlots`.

    A free flock goes to the first process that asks, so the order of the queue is kept here: a job
    takes a slot only when there is also one for each job before it. Those poll many times a second;
    a slot that stays free for longer means that the process of a job before it has died, and the
    next job takes it.

    Args:
        folder: the folder of the lock files.
        slots: how many boots may run at once; the same number in every process.
        jobs: lists the waiting jobs, in the order they began to wait.
    """

    def __init__(self, folder: Path, slots: int, jobs: JobStore) -> None:
        self._paths = tuple(folder / f"boot-{number}.lock" for number in range(1, slots + 1))
        self._jobs = jobs

    @contextmanager
    def take(
        self, job: str, on_position: Callable[[int], None], cancelled: Callable[[], None]
    ) -> Iterator[None]:
        """Hold a slot for a block, after waiting for it without a time limit.

        Args:
            job: the id of the waiting job.
            on_position: gets the place in the queue when it changes, 1 is next; 0 with a slot.
            cancelled: called every 0.15 s or more often while waiting; raises to give up.
        """
        with self._wait(job, on_position, cancelled):
            on_position(0)
            yield

    def _wait(
        self, job: str, on_position: Callable[[int], None], cancelled: Callable[[], None]
    ) -> HeldLock:
        reported = 0
        free_since = math.inf
        while True:
            cancelled()
            place = self._place(job)
            free = [path for path in self._paths if is_free(path)]
            free_since = min(free_since, time.monotonic()) if free else math.inf
            unserved = place - len(free)
            if time.monotonic() - free_since >= unserved * STALE_SECONDS:
                slot = _take_one(free, job)
                if slot is not None:
                    return slot
            if place != reported:
                on_position(place)
                reported = place
            time.sleep(min(POLL_SECONDS * place, TICK_SECONDS))

    def _place(self, job: str) -> int:
        waiting = self._jobs.waiting()
        return 1 + (waiting.index(job) if job in waiting else len(waiting))


def _take_one(paths: Iterable[Path], job: str) -> HeldLock | None:
    return next((held for path in paths if (held := take(path, job))), None)
