"""The threads in which operations run while the event loop goes on.

A thread cannot be stopped from outside. One whose caller has left therefore keeps its place until
it ends, and only its own team finds fewer free.
"""

import math
from collections.abc import Callable
from typing import TypeVar

import anyio
from anyio import CapacityLimiter, to_thread

from oduflow.domain.errors import RateLimited

T = TypeVar("T")

# With the streams and waits of slots.py a busy team holds 28 of 32 threads at most.
CALLS_OF_A_TEAM = 12
PATIENCE_SECONDS = 1.0


class Workers:
    """Worker threads with a limit for each team; belongs to one event loop."""

    def __init__(self) -> None:
        self._of_team: dict[str, CapacityLimiter] = {}
        self._unlimited = CapacityLimiter(math.inf)

    async def place(self, team: str) -> CapacityLimiter:
        """Take one of the team's places, for an operation that ends by itself; `release` it.

        Raises:
            RateLimited: the team has too many running, and none ended in time; nothing was begun.
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
        """Run work that is limited elsewhere."""
        return await to_thread.run_sync(work, limiter=self._unlimited)
