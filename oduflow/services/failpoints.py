"""Hold the process at a named point, for tests that kill it there."""

import time
from dataclasses import dataclass
from pathlib import Path

POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Failpoints:
    """Files that hold the process while they exist.

    Attributes:
        folder: where a test puts a file named after the point; `<point>.reached` answers it.
        enabled: only instances named `test-…` honour them.
    """

    folder: Path
    enabled: bool

    def reach(self, point: str) -> None:
        """Wait here while the test's file exists."""
        if not self.enabled:
            return
        held = self.folder / point
        if held.exists():
            held.with_name(f"{point}.reached").touch()
            while held.exists():
                time.sleep(POLL_SECONDS)
