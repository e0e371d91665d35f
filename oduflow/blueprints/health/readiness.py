"""The latest look at every part, so that asking often is not looking often."""

import threading
import time
from collections.abc import Callable, Sequence

from oduflow.blueprints.health.ports import Probe
from oduflow.domain.status import HealthFinding

FRESH_SECONDS = 2.0
PATIENCE_SECONDS = 3.0

STILL_LOOKING = HealthFinding(
    "server", ok=False, message="Still looking at the parts.", hint="Ask again in a few seconds."
)


class Readiness:
    """Looks at most once in two seconds, and once for everybody who asks meanwhile.

    Whoever finds the latest look too old looks again; the others are told of the latest one, so
    that a part which hangs holds up one thread and no more.
    """

    def __init__(
        self,
        probe: Probe,
        clock: Callable[[], float] = time.monotonic,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        """Look with `probe`; `clock` counts seconds, and `patience` is waited for a first look."""
        self._probe = probe
        self._clock = clock
        self._patience = patience
        self._changed = threading.Condition()
        self._looking = False
        self._seen: Sequence[HealthFinding] = ()
        self._stale_at = float("-inf")

    def findings(self) -> Sequence[HealthFinding]:
        """Return how the parts were at the latest look, seldom more than two seconds ago."""
        with self._changed:
            if self._looking and not self._seen:
                self._changed.wait_for(lambda: not self._looking, self._patience)
            if self._looking:
                return self._seen or (STILL_LOOKING,)
            if self._clock() < self._stale_at:
                return self._seen
            self._looking = True
        return self._look()

    def _look(self) -> Sequence[HealthFinding]:
        try:
            seen = self._probe.findings()
            with self._changed:
                self._seen = seen
                self._stale_at = self._clock() + FRESH_SECONDS
            return seen
        finally:
            with self._changed:
                self._looking = False
                self._changed.notify_all()
