"""Clocks that a test moves."""

from datetime import datetime, timedelta
from typing import Generic, TypeVar

from oduflow.domain.clock import now

T = TypeVar("T")


class SteppedClock(Generic[T]):
    """A clock that shows what a test sets; call it for the time."""

    def __init__(self, now: T) -> None:
        self.now = now

    def __call__(self) -> T:
        return self.now


class ShiftedClock:
    """The true time, moved forward by `ahead`."""

    ahead = timedelta()

    def __call__(self) -> datetime:
        return now() + self.ahead
