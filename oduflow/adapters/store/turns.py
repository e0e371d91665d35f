"""A lock that threads get in the order in which they asked for it.

SQLite's busy timeout is no queue: a thread that waits asks again after up to 0.1 s, and one that
comes later may be first. Many short writes at once can so starve one of them for the whole timeout.
"""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """Lets one thread of this process at a time go on, first come, first served."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._is_taken = False

    @contextmanager
    def turn(self, patience: float) -> Iterator[None]:
        """Wait for the turn, and pass it on at the end.

        Args:
            patience: seconds to wait.

        Raises:
            TimeoutError: the turn did not come in time.
        """
        self._wait(patience)
        try:
            yield
        finally:
            self._pass_on()

    def _wait(self, patience: float) -> None:
        with self._guard:
            if not self._is_taken:
                self._is_taken = True
                return
            mine = threading.Lock()
            mine.acquire()
            self._waiting.append(mine)
        is_mine = False
        try:
            is_mine = mine.acquire(timeout=patience)
        finally:
            if not is_mine:  # Ctrl-C too: an unused turn would block all others
                self._give_up(mine)
        if not is_mine:
            raise TimeoutError

    def _give_up(self, mine: threading.Lock) -> None:
        with self._guard:
            is_waiting = mine in self._waiting
            if is_waiting:
                self._waiting.remove(mine)
        if not is_waiting:  # the turn came meanwhile
            self._pass_on()

    def _pass_on(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._is_taken = False
