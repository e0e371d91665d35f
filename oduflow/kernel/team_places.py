"""Places for work that loads the machine, shared out so that no team can take all of them."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from oduflow.domain.errors import Busy, Cancelled
from oduflow.domain.progress_monitor import UNWATCHED, ProgressMonitor

POLL_SECONDS = 0.2


class TeamPlaces:
    """A limited number of simultaneous pieces of work, in this process.

    A team always has `own` places. Further ones, up to `of_a_team`, come out of `shared` for all
    teams, so that the whole is limited as well. It is safe to use from any thread.

    Args:
        doing: what a place is for, for the message: "git calls".
        of_a_team: how many pieces of work a team may have at once.
        shared: how many of them, of all teams together, may be beyond each team's own.
        own: how many of them a team has, however many the others hold.
    """

    def __init__(self, doing: str, *, of_a_team: int, shared: int, own: int = 1) -> None:
        self._doing = doing
        self._of_a_team = of_a_team
        self._shared = shared
        self._own = own
        self._held: Counter[str] = Counter()
        self._freed = threading.Condition()

    @contextmanager
    def hold(
        self, team: str, *, seconds: float, monitor: ProgressMonitor = UNWATCHED
    ) -> Iterator[None]:
        """Hold a place of the team for a block, after waiting for it.

        Args:
            team: whose place.
            seconds: how long to wait.
            monitor: gets a line when the wait begins, and is asked whether to stop.

        Raises:
            Busy: no place was free in time.
            Cancelled: the caller no longer waits.
        """
        self._wait(team, seconds, monitor)
        try:
            yield
        finally:
            self.give_back(team)

    def take(self, team: str, *, wait: float = 0.0) -> bool:
        """Take a place, after waiting at most so many seconds. Return False if none is free."""
        with self._freed:
            if wait and not self._free(team):
                self._freed.wait(wait)
            if not self._free(team):
                return False
            self._held[team] += 1
            return True

    def give_back(self, team: str) -> None:
        """Free a place that the team has taken."""
        with self._freed:
            self._held[team] -= 1
            if not self._held[team]:
                del self._held[team]
            self._freed.notify_all()

    def held(self, team: str) -> int:
        """Return how many places the team has at this moment."""
        with self._freed:
            return self._held[team]

    def _wait(self, team: str, seconds: float, monitor: ProgressMonitor) -> None:
        deadline = time.monotonic() + seconds
        if self.take(team):
            return
        monitor.on_progress(f"waiting for other {self._doing} to end")
        while not self.take(team, wait=POLL_SECONDS):
            if monitor.cancelled():
                raise Cancelled(f"Stopped while waiting for other {self._doing}.")
            if time.monotonic() >= deadline:
                raise Busy(
                    f"Other {self._doing} have not ended for {seconds:g} seconds.",
                    "Wait until one of the team's jobs has ended, then call again.",
                )

    def _free(self, team: str) -> bool:
        mine = self._held[team]
        beyond = sum(max(0, held - self._own) for held in self._held.values())
        return mine < self._own or (mine < self._of_a_team and beyond < self._shared)
