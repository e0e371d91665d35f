"""The retention of links that sign a browser in."""

from dataclasses import dataclass
from typing import ClassVar

from oduflow.adapters.links.files import LinkFiles
from oduflow.services.recoverable import Recoverable


@dataclass(frozen=True, slots=True)
class LinkRecovery(Recoverable):
    """Implements `Recoverable` for links that sign a browser in."""

    links: LinkFiles
    folders: ClassVar[tuple[str, ...]] = ("links",)

    def prune(self) -> int:
        """Remove links that have ended; return how many."""
        return self.links.prune()
