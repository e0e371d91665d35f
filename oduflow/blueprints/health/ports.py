"""The port of the health pages."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from oduflow.domain.status import HealthFinding


class Probe(Protocol):
    """Checks every part that creating an environment needs."""

    def findings(self) -> Sequence[HealthFinding]:
        """Check every part now; takes at most a few seconds."""

    def environments(self) -> Mapping[str, int]:
        """Return the number of environments of all teams, by state."""
