"""Boot slots: as many lock files as boots may run at once, shared by server and command line."""

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

    The kernel hands a free lock to whoever asks first, so the order is ours to keep: a job takes
    a slot only when there is one for everybody ahead of it, too. Those ahead look many times a
    second; a slot that stands free for longer was left by a job whose process died in the queue,
    and the next one goes first.

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
            cancelled: called every 0.15 s or more often while waiting; raises to give up.
        """
        with self._wait(job, on_position, cancelled):
            on_position(0)
            yield

    def _wait(
        self, job: str, on_position: Callable[[int], None], cancelled: Callable[[], None]
    ) -> HeldLock:
        told = 0
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
            if place != told:
                on_position(place)
                told = place
            time.sleep(min(POLL_SECONDS * place, TICK_SECONDS))

    def _place(self, job: str) -> int:
        waiting = self._jobs.waiting()
        return 1 + (waiting.index(job) if job in waiting else len(waiting))


def _take_one(paths: Iterable[Path], job: str) -> HeldLock | None:
    return next((held for path in paths if (held := take(path, job))), None)
