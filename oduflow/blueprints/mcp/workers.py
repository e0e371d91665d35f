"""The worker threads in which operations run beside the event loop.

A thread cannot be stopped from outside, so a call whose client has left keeps its thread until it
ends. The limit for each team keeps that from affecting other teams.
"""

import math
from collections.abc import Callable
from typing import TypeVar

import anyio
from anyio import CapacityLimiter, to_thread

from oduflow.domain.errors import RateLimited

T = TypeVar("T")

# With the limits of wait_limits.py a busy team holds 28 of 32 threads at most.
CALLS_OF_A_TEAM = 12
PATIENCE_SECONDS = 1.0


class Workers:
    """Runs calls in worker threads, with a limit for each team; belongs to one event loop."""

    def __init__(self) -> None:
        self._of_team: dict[str, CapacityLimiter] = {}
        self._unlimited = CapacityLimiter(math.inf)

    async def acquire(self, team: str) -> CapacityLimiter:
        """Acquire one of the team's workers for an operation; call `release` on the result.

        Raises:
            RateLimited: all workers of the team are busy, and none became free in time.
        """
        limiter = self._of_team.setdefault(team, CapacityLimiter(CALLS_OF_A_TEAM))
        try:
            with anyio.fail_after(PATIENCE_SECONDS):
                await limiter.acquire()
        except TimeoutError:
            raise RateLimited(
                f"{CALLS_OF_A_TEAM} calls of this team are running already.",
                "Nothing was begun; call again when one of them has ended.",
                retry_after=5,
            ) from None
        return limiter

    async def wait(self, work: Callable[[], T]) -> T:
        """Run `work` in a thread without counting it against a team."""
        return await to_thread.run_sync(work, limiter=self._unlimited)
