"""A set whose keys expire, on top of `cachetools.TTLCache`."""

import threading
import time
from collections.abc import Callable, Hashable

from cachetools import TTLCache

MAX_KEYS = 10_000  # about one megabyte


class ExpiringSet:
    """Keep each key for a number of seconds after it was last added; safe to use from any thread.

    Args:
        seconds: how long a key is kept.
        clock: a monotonic clock, in seconds.
        max_keys: how many keys are kept; the oldest is dropped first.
    """

    def __init__(
        self, seconds: float, clock: Callable[[], float] = time.monotonic, max_keys: int = MAX_KEYS
    ) -> None:
        self._keys: TTLCache[Hashable, None] = TTLCache(max_keys, seconds, clock)
        self._lock = threading.Lock()  # cachetools leaves locking to its caller

    def __contains__(self, key: Hashable) -> bool:
        """Return whether the key has been added and has not expired."""
        with self._lock:
            return key in self._keys

    def __len__(self) -> int:
        """Return how many keys are kept."""
        with self._lock:
            return len(self._keys)

    def add(self, key: Hashable) -> bool:
        """Add a key, or start its time anew. Return whether it was absent."""
        with self._lock:
            is_new = key not in self._keys
            self._keys[key] = None
            return is_new

    def discard(self, key: Hashable) -> None:
        """Remove a key, if it is there."""
        with self._lock:
            self._keys.pop(key, None)
