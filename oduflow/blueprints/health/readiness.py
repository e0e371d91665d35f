"""Cached findings about every part, so that frequent requests do not cause frequent checks."""

import threading
import time
from collections.abc import Callable, Sequence

from oduflow.blueprints.health.ports import Probe
from oduflow.domain.status import HealthFinding

FRESH_SECONDS = 2.0
PATIENCE_SECONDS = 3.0

STILL_CHECKING = HealthFinding(
    "server",
    ok=False,
    message="The parts are still being checked.",
    hint="Ask again in a few seconds.",
)


class Readiness:
    """Checks the parts at most once in two seconds, in one thread at a time.

    The first request after two seconds checks again; others get the previous findings meanwhile,
    so a part that hangs blocks only one thread.
    """

    def __init__(
        self,
        probe: Probe,
        clock: Callable[[], float] = time.monotonic,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        """Check with `probe`.

        Args:
            probe: checks the parts.
            clock: a monotonic clock, in seconds.
            patience: how many seconds to wait for the first check.
        """
        self._probe = probe
        self._clock = clock
        self._patience = patience
        self._changed = threading.Condition()
        self._checking = False
        self._found: Sequence[HealthFinding] = ()
        self._stale_at = float("-inf")

    def findings(self) -> Sequence[HealthFinding]:
        """Return the latest findings, which are seldom older than two seconds."""
        with self._changed:
            if self._checking and not self._found:
                self._changed.wait_for(lambda: not self._checking, self._patience)
            if self._checking:
                return self._found or (STILL_CHECKING,)
            if self._clock() < self._stale_at:
                return self._found
            self._checking = True
        return self._check()

    def _check(self) -> Sequence[HealthFinding]:
        try:
            found = self._probe.findings()
            with self._changed:
                self._found = found
                self._stale_at = self._clock() + FRESH_SECONDS
            return found
        finally:
            with self._changed:
                self._checking = False
                self._changed.notify_all()
