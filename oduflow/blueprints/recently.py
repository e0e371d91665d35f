"""What happened a moment ago, in this process; forgotten by itself."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable

_MOST = 10_000  # about one megabyte


class Recently:
    """Remembers keys for some seconds, and of too many the latest.

    Args:
        seconds: how long a key is remembered after it was added.
        clock: the time in seconds, which never goes back.
        most: how many keys are kept.
    """

    def __init__(
        self, seconds: float, clock: Callable[[], float] = time.monotonic, most: int = _MOST
    ) -> None:
        self._seconds = seconds
        self._clock = clock
        self._most = most
        self._until: OrderedDict[Hashable, float] = OrderedDict()
        self._guard = threading.Lock()

    def __contains__(self, key: Hashable) -> bool:
        """Whether the key was added so recently."""
        with self._guard:
            return self._until.get(key, 0) > self._clock()

    def add(self, key: Hashable) -> bool:
        """Remember a key from now on; answer whether it is new."""
        moment = self._clock()
        with self._guard:
            is_new = self._until.get(key, 0) <= moment
            self._until[key] = moment + self._seconds
            self._until.move_to_end(key)
            while self._until and (
                len(self._until) > self._most or next(iter(self._until.values())) <= moment
            ):
                self._until.popitem(last=False)
            return is_new

    def discard(self, key: Hashable) -> None:
        """Forget a key."""
        with self._guard:
            self._until.pop(key, None)
