"""The retention of stored outputs."""

from dataclasses import dataclass
from typing import ClassVar

from oduflow.adapters.outputs.files import OutputFiles
from oduflow.adapters.store import Environments
from oduflow.services.recoverable import Recoverable


@dataclass(frozen=True, slots=True)
class OutputRecovery(Recoverable):
    """Implements `Recoverable` for the texts that answers show a part of."""

    outputs: OutputFiles
    environments: Environments
    folders: ClassVar[tuple[str, ...]] = ("outputs",)

    def prune(self) -> int:
        """Remove outputs that are too old, or of environments that are gone; return how many."""
        return self.outputs.prune(lambda: {row.id for row in self.environments.all()})
