"""End a request whose client has left or whose credential is no longer valid."""

import time
from collections.abc import Callable

from oduflow.domain.errors import Failure

CHECK_SECONDS = 0.5
# A caller that deletes its own environment still gets the answer before its credential ends.
FAILED_CHECKS = 2  # in a row


class CallerWatch:
    """Watches one caller while a thread waits for its answer or sends it.

    Args:
        has_left: whether the client has disconnected.
        still_valid: whether the caller's credential is still valid; asked every half second.
    """

    def __init__(self, has_left: Callable[[], bool], still_valid: Callable[[], bool]) -> None:
        self._has_left = has_left
        self._still_valid = still_valid
        self._checked_at = time.monotonic()
        self._failed = 0

    def is_over(self) -> bool:
        """Return whether the rest of the answer is not to be sent."""
        return self.credential_ended() or self._has_left()

    def credential_ended(self) -> bool:
        """Return whether the caller's credential ended, for example a revoked grant."""
        moment = time.monotonic()
        if self._failed < FAILED_CHECKS and moment - self._checked_at >= CHECK_SECONDS:
            self._checked_at = moment
            self._failed = 0 if self._check() else self._failed + 1
        return self._failed >= FAILED_CHECKS

    def _check(self) -> bool:
        try:
            return self._still_valid()
        except Failure:  # a credential that cannot be checked is treated as an ended one
            return False
