"""The latest look at every part, so that asking often is not looking often."""

import threading
import time
from collections.abc import Callable, Sequence

from oduflow.blueprints.health.ports import Probe
from oduflow.domain.health import Finding

FRESH_SECONDS = 2.0


class Readiness:
    """Looks at most once in two seconds, and once for everybody who asks meanwhile."""

    def __init__(self, probe: Probe, clock: Callable[[], float] = time.monotonic) -> None:
        """Look with `probe`; `clock` counts seconds."""
        self._probe = probe
        self._clock = clock
        self._guard = threading.Lock()
        self._seen: Sequence[Finding] = ()
        self._stale_at = float("-inf")

    def findings(self) -> Sequence[Finding]:
        """Return how the parts are, as of at most two seconds ago."""
        with self._guard:
            if self._clock() >= self._stale_at:
                self._seen = self._probe.findings()
                self._stale_at = self._clock() + FRESH_SECONDS
            return self._seen
