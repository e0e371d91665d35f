"""Each team's share of the processor that the server's own calls use.

Python runs one thread at a time, so calls that one team repeats without a pause would take their
time from every other team's, and a processor from everybody's Odoo. A team that has used more than
its share waits before its next call begins. As a waiting call holds a thread, a few of a team and
of all teams may wait and the others are refused, which is charged, too. The only team waits never.
"""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from flask import g

from oduflow.blueprints.wait_limits import RETRY_AFTER_SECONDS
from oduflow.domain.errors import RateLimited
from oduflow.kernel.team_places import TeamPlaces

SHARE = 0.5  # of one processor
BURST_SECONDS = 0.5  # of processor time, before a team waits
MAX_WAIT_SECONDS = 5.0
# A team whose flood has ended waits no longer than this explains, divided by its share.
MAX_DEBT_SECONDS = 10.0
MAX_WAITING = 6  # calls of one team
SHARED_WAITING = 5  # of all teams beyond each one's first: see `wait_limits.threads_for`
# Charged when a call begins, so that those that waited begin one after the other.
EXPECTED_SECONDS = 0.004
# What the event loop uses for a call of a tool, which no thread of the call can measure.
TOOL_CALL_SECONDS = 0.003
_CHARGED = "oduflow.charged"

T = TypeVar("T")


class ProcessorShares:
    """Counts what the calls of each team use; safe to use from any thread.

    Args:
        clock: seconds that only go forward.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._used: dict[str, tuple[float, float]] = {}  # seconds, and when they were counted
        self._waiting = TeamPlaces("waits", of_a_team=MAX_WAITING, shared=SHARED_WAITING)

    def wait_seconds(self, team: str) -> float:
        """Return how long the team's next call has to wait."""
        with self._lock:
            over = self._left(team) - BURST_SECONDS
        return min(max(0.0, over / SHARE), MAX_WAIT_SECONDS)

    def wait(self, team: str, sleep: Callable[[float], object] = time.sleep) -> None:
        """Wait until the team's share allows another call.

        Raises:
            RateLimited: as many calls of the team wait already as may.
        """
        seconds = self.wait_seconds(team)
        self.charge(team, EXPECTED_SECONDS)
        if not seconds:
            return
        if not self._waiting.take(team):
            raise RateLimited(
                "The calls of this team use more than its share of the processor, and no "
                f"more than {self._waiting.held(team)} of them may wait now.",
                "Nothing was started; make fewer calls at once.",
                retry_after=RETRY_AFTER_SECONDS,
            )
        try:
            sleep(seconds)
        finally:
            self._waiting.give_back(team)

    def charge(self, team: str, seconds: float) -> None:
        """Count processor time that a call of the team has used."""
        with self._lock:
            used = min(self._left(team) + seconds, MAX_DEBT_SECONDS)
            self._used[team] = (used, self._clock())

    def _left(self, team: str) -> float:
        """Return what the team has used beyond its share of the time since."""
        used, when = self._used.get(team, (0.0, 0.0))
        return max(0.0, used - SHARE * (self._clock() - when))


def begin_call(shares: ProcessorShares, team: str, *, alone: bool) -> None:
    """Wait until the team's share allows another call, and charge it with this request.

    Args:
        shares: what the teams have used.
        team: the caller's.
        alone: whether it is the server's only team.

    Raises:
        RateLimited: as many calls of the team wait already as may.
    """
    if alone:
        return
    setattr(g, _CHARGED, (shares, team, time.thread_time() + EXPECTED_SECONDS))
    shares.wait(team)


def measured(charge: Callable[[float], object], call: Callable[[], T]) -> T:
    """Run the call of a tool in this thread, and charge its processor time."""
    begun = time.thread_time()
    try:
        return call()
    finally:
        charge(TOOL_CALL_SECONDS + time.thread_time() - begun)


def end_call(_error: BaseException | None = None) -> None:
    """Charge the team with the processor time of the request that ends."""
    if _CHARGED in g:
        shares, team, begun = g.pop(_CHARGED)
        shares.charge(team, time.thread_time() - begun)
