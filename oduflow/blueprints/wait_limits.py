"""Limits on how many of the server's threads a team may hold, and how many may wait.

A thread waits for a job, a stream, or another server. Under WSGI each open stream and each waiting
call holds one, on every face, and so does a short call that a team's own database answers late.
Without limits the calls of some teams would leave no thread for those of another.
"""

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Self

from oduflow.domain.access import Actor
from oduflow.domain.errors import RateLimited
from oduflow.kernel.operation import Operation
from oduflow.kernel.team_places import TeamPlaces

RETRY_AFTER_SECONDS = 5
# 22 for requests and 5 for calls that wait for their share of the processor, which all teams share,
# and 5 that authenticate, answer the health check, or refuse.
SHARED_THREADS = 32
OWN_THREADS = 3  # of each team: two requests, and one call that waits for its share


def threads_for(teams: int) -> int:
    """Return how many threads a server of so many teams needs, so that each always finds one."""
    return SHARED_THREADS + OWN_THREADS * teams


class WaitKind(Enum):
    """What a thread waits for."""

    CALL = "call"
    STREAM = "stream"


@dataclass(frozen=True, slots=True)
class WaitLimits:
    """How many threads may wait at once, and how many requests may run.

    Attributes:
        actor: waits of one actor and one kind.
        team: waits of one team and one kind.
        own: requests that a team may always have running, waiting ones included.
        shared: requests of all teams together beyond each one's own.
    """

    actor: int = 4
    team: int = 8
    own: int = 2
    shared: int = 22

    @property
    def requests(self) -> int:
        """How many requests a team may have running if the other teams have few."""
        return self.own + self.shared


class WaitLimiter:
    """Counts the threads of one process by team; safe to use from any thread.

    Attributes:
        requests: the places of the requests that run; one that waits is one of them.
    """

    def __init__(self, limits: WaitLimits | None = None) -> None:
        self.limits = limits or WaitLimits()
        self.lock = threading.Lock()
        self.requests = TeamPlaces(
            "requests",
            own=self.limits.own,
            of_a_team=self.limits.requests,
            shared=self.limits.shared,
        )
        self._taken: Counter[tuple[object, ...]] = Counter()

    def permit(self, actor: Actor, kind: WaitKind) -> "WaitPermit":
        """Return the permit of one request; it is not taken yet."""
        team = (kind, actor.team)
        return WaitPermit(self, actor.team, ((), team, (*team, actor.kind, actor.subject)))

    @property
    def taken(self) -> int:
        """How many permits are taken at this moment."""
        return self._taken[()]

    def admit(self, keys: tuple[tuple[object, ...], ...]) -> bool:
        """Count one more under every key unless one is at its limit. Call it with the lock held."""
        _all, team, actor = keys
        if self._taken[team] >= self.limits.team or self._taken[actor] >= self.limits.actor:
            return False
        self._taken.update(keys)
        return True

    def leave(self, keys: tuple[tuple[object, ...], ...]) -> None:
        """Count one less under every key. Call it with the lock held."""
        self._taken.subtract(keys)
        self._taken = +self._taken


class WaitPermit:
    """One request's permission to wait: taken when it starts to wait, released with its thread."""

    def __init__(
        self, limiter: WaitLimiter, team: str, keys: tuple[tuple[object, ...], ...]
    ) -> None:
        self._limiter = limiter
        self._team = team
        self._keys = keys
        self._begun = False
        self._taken = False
        self.over = False  # released: the caller no longer waits for an answer

    def begin(self) -> None:
        """Count the request against its team until the permit is released.

        Raises:
            RateLimited: the team holds as many threads as it may.
        """
        with self._limiter.lock:
            begun = self._begin()
        if not begun:
            raise RateLimited(
                f"{self._limiter.requests.held(self._team)} requests of this team are running "
                "already, and the other threads are for other teams.",
                "Nothing was started; call again when one of them has ended.",
                retry_after=RETRY_AFTER_SECONDS,
            )

    def take(self) -> bool:
        """Take the permit. Return False at the limit, or when the permit was released.

        A wait counts as a request, too: an open stream holds its thread as a call does.
        """
        with self._limiter.lock:
            if not self._taken and not self.over:
                self._taken = self._begin() and self._limiter.admit(self._keys)
            return self._taken and not self.over

    def _begin(self) -> bool:
        self._begun = self._begun or self._limiter.requests.take(self._team)
        return self._begun

    def take_for(self, operation: Operation, raw: Mapping[str, Any]) -> None:
        """Take the permit if the call may hold its thread for long; other calls need none.

        A call holds its thread when it asks to wait some `seconds`, and when it asks another
        server, which may hang. A slow operation runs in a job's thread.

        Raises:
            RateLimited: the limit is reached.
        """
        if operation.slow:
            return
        # A query string has the seconds as digits.
        waits = operation.waits and raw.get("seconds") not in (0, "0")
        if waits and not self.take():
            raise too_many_waiting()
        if operation.open_world and not self.take():
            raise RateLimited(
                "Too many calls of this team are waiting for other servers already.",
                "Nothing was asked; call again when one of them has ended.",
                retry_after=RETRY_AFTER_SECONDS,
            )

    def __enter__(self) -> Self:
        """Return the permit, which is released at the block's end; it is not taken yet."""
        return self

    def __exit__(self, *_error: object) -> None:
        self.release()

    def release(self) -> None:
        """Release the permit for good."""
        with self._limiter.lock:
            if self._taken:
                self._limiter.leave(self._keys)
            if self._begun:
                self._limiter.requests.give_back(self._team)
            self._taken = self._begun = False
            self.over = True


def too_many_waiting() -> RateLimited:
    """Return the refusal of a call that asks to wait."""
    return RateLimited(
        "Too many calls of this team are waiting already.",
        "Call again with seconds=0, which answers at once.",
        retry_after=RETRY_AFTER_SECONDS,
    )
