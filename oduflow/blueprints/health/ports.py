"""What the health pages ask of the layers below."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from oduflow.domain.status import HealthFinding


class Probe(Protocol):
    """Looks at every part that creating an environment needs."""

    def findings(self) -> Sequence[HealthFinding]:
        """Look now; takes at most a few seconds."""

    def environments(self) -> Mapping[str, int]:
        """Count the environments of all teams by state."""
