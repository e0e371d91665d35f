"""Boot slots: a lock file for each boot that runs, shared by server and command line."""

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from oduflow.adapters.locks.flock import HeldLock, holder_of, is_free, take
from oduflow.domain.boot_queue import (
    BootKind,
    RunningBoot,
    WaitingBoot,
    decayed,
    in_turn,
    startable,
)
from oduflow.domain.clock import now
from oduflow.domain.errors import Failure
from oduflow.files.private import write_private
from oduflow.kernel.ports import JobStore

POLL_SECONDS = 0.05
TICK_SECONDS = 0.15
STALE_SECONDS = 1.0
GUARD_SECONDS = 2.0
FORGOTTEN_SECONDS = 0.01  # a use that has decayed to less is dropped


class FileBootSlots:
    """Implements `kernel.ports.BootSlots`.

    `domain.boot_queue` decides whose turn it is; a job takes a slot under a lock of all jobs, after
    it has looked at the queue once more. A job whose process died stays in the queue for a while:
    a slot that stays free for longer than a living job takes to see it goes to the next one.

    Args:
        folder: the folder of the lock files.
        slots: how many boots may run at once; the same number in every process.
        jobs: lists the waiting jobs, in the order they began to wait.
    """

    def __init__(self, folder: Path, slots: int, jobs: JobStore) -> None:
        self._slots = slots
        self._folder = folder
        self._guard = folder / "boot-queue.lock"
        self._use = folder / "boot-use.json"
        self._jobs = jobs

    @contextmanager
    def take(
        self, boot: WaitingBoot, on_position: Callable[[int], None], cancelled: Callable[[], None]
    ) -> Iterator[None]:
        """Hold a slot for a block, after waiting for it without a time limit.

        Args:
            boot: the waiting job.
            on_position: gets the place in the queue when it changes, 1 is next; 0 with a slot.
            cancelled: called every 0.15 s or more often while waiting; raises to give up.
        """
        with self._wait(boot, on_position, cancelled):
            begun = time.monotonic()
            try:
                on_position(0)
                yield
            finally:
                self._count_use(boot.team, time.monotonic() - begun)

    def _wait(
        self, boot: WaitingBoot, on_position: Callable[[int], None], cancelled: Callable[[], None]
    ) -> HeldLock:
        reported = 0
        free_since = math.inf
        while True:
            cancelled()
            running, order = self._look(boot)
            place = order.index(boot)
            ahead = len(startable(order[:place], running, self._slots))
            free = boot in startable((boot,), running, self._slots)
            free_since = min(free_since, time.monotonic()) if free else math.inf
            overdue = time.monotonic() - free_since >= ahead * STALE_SECONDS
            if overdue or boot in startable(order, running, self._slots):
                slot = self._take(boot, overdue=overdue)
                if slot is not None:
                    return slot
            if place + 1 != reported:
                reported = place + 1
                on_position(reported)
            time.sleep(min(POLL_SECONDS * (place + 1), TICK_SECONDS))

    def _take(self, boot: WaitingBoot, *, overdue: bool) -> HeldLock | None:
        """Take a slot if it is still the job's turn."""
        guard = take(self._guard, boot.job, wait=GUARD_SECONDS)
        if guard is None:
            return None
        with guard:
            running, order = self._look(boot)
            if boot not in startable((boot,) if overdue else order, running, self._slots):
                return None
            holder = f"{boot.kind} {boot.team} {boot.job}"
            # Boots that have run for long no longer count for other teams, so more may run than
            # there are slots: at most as many as there are slots for each team.
            paths = (self._folder / f"boot-{number}.lock" for number in count(1))
            free = (path for path in paths if is_free(path))
            return next(held for path in free if (held := take(path, holder)))

    def _look(self, boot: WaitingBoot) -> tuple[list[RunningBoot], tuple[WaitingBoot, ...]]:
        """Return the boots that run, and the queue; a job that asks first is at its team's end."""
        files = sorted(self._folder.glob("boot-[0-9]*.lock"))
        running = [_holder(path) for path in files if not is_free(path)]
        waiting = tuple(self._jobs.waiting())
        if boot not in waiting:
            waiting = (*waiting, boot)
        return running, in_turn(waiting, running, self._used())

    def _used(self) -> Mapping[str, float]:
        """Return the seconds that each team has used lately."""
        with suppress(OSError, ValueError, TypeError, AttributeError):
            kept = json.loads(self._use.read_text("utf-8"))
            return {
                str(team): decayed(float(seconds), time.time() - float(moment))
                for team, (seconds, moment) in kept.items()
            }
        return {}

    def _count_use(self, team: str, seconds: float) -> None:
        # On a full disk the use is not counted: a boot must not fail because of it.
        with suppress(Failure):
            guard = take(self._guard, "use", wait=GUARD_SECONDS)
            if guard is None:
                return
            with guard:
                used = dict(self._used())
                used[team] = used.get(team, 0.0) + seconds
                moment = time.time()
                kept = {
                    each: (total, moment)
                    for each, total in used.items()
                    if total >= FORGOTTEN_SECONDS
                }
                write_private(self._use, json.dumps(kept))


def _holder(path: Path) -> RunningBoot:
    """Return the boot that holds a slot; one whose name cannot be read began just now."""
    holder = holder_of(path)
    if holder is not None:
        with suppress(ValueError):  # written by another version of the product
            kind, team, _job = holder.name.split(" ", 2)
            return RunningBoot(team, BootKind(kind), (now() - holder.since).total_seconds())
    return RunningBoot("", BootKind.SERVE, 0.0)
