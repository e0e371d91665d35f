"""Hold the process at a named point, for tests that kill it there."""

import time
from dataclasses import dataclass
from pathlib import Path

POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Failpoints:
    """Named points at which the process waits while a file of that name exists.

    Attributes:
        folder: holds the files; a process that waits at a point writes `<point>.reached`.
        enabled: true only for instances named `test-…`.
    """

    folder: Path
    enabled: bool

    def reach(self, point: str) -> None:
        """Wait while the file of that point exists."""
        if not self.enabled:
            return
        held = self.folder / point
        if held.exists():
            held.with_name(f"{point}.reached").touch()
            while held.exists():
                time.sleep(POLL_SECONDS)
