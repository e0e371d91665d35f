"""Whether a request still deserves its thread: its client is there, and may still come in."""

import time
from collections.abc import Callable

from oduflow.domain.errors import Failure

LOOK_SECONDS = 0.5
STRIKES = 2  # looks in a row: whoever deletes its own environment still hears that it is gone


class Watch:
    """Looks after one request while its thread waits, or hands out what comes.

    Args:
        has_left: whether the client is gone.
        stands: whether what let the caller in still would; asked every half second.
    """

    def __init__(self, has_left: Callable[[], bool], stands: Callable[[], bool]) -> None:
        self._has_left = has_left
        self._stands = stands
        self._looked_at = time.monotonic()
        self._strikes = 0

    def is_over(self) -> bool:
        """Whether nobody may have, or wants, the rest of the answer."""
        return self.lapsed() or self._has_left()

    def lapsed(self) -> bool:
        """Whether the caller's credential ended, as a revoked or expired grant does."""
        moment = time.monotonic()
        if self._strikes < STRIKES and moment - self._looked_at >= LOOK_SECONDS:
            self._looked_at = moment
            self._strikes = 0 if self._known_to_stand() else self._strikes + 1
        return self._strikes >= STRIKES

    def _known_to_stand(self) -> bool:
        try:
            return self._stands()
        except Failure:  # who cannot be looked up is let in no longer than who is not there
            return False
