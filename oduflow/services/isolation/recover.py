"""Remove the canaries of an isolation check that was killed."""

import logging
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import ClassVar

from oduflow.kernel.locks import Held, LockKey
from oduflow.services.deps import Deps
from oduflow.services.isolation.canaries import REPORTS, TEAMS, Canaries
from oduflow.services.recoverable import Leftover, Recoverable, Unsettled

REPORTS_KEPT = 100
REMEDY = (
    "A check of isolation was cut off. The server removes what it left within half a minute, "
    "`oduflow doctor --isolation` at its next start."
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CanaryRecovery(Recoverable):
    """Implements `Recoverable` for canaries, which have no row: their names never change.

    Their reports are kept in the data folder.
    """

    deps: Deps
    folders: ClassVar[tuple[str, ...]] = (REPORTS,)

    def prune(self) -> int:
        """Remove all reports but the newest; return how many."""
        old = sorted((self.deps.naming.data_dir / REPORTS).glob("*.json"))[:-REPORTS_KEPT]
        for report in old:
            report.unlink(missing_ok=True)
        return len(old)

    def unsettled(self, *, revive: AbstractSet[str]) -> Iterator[Unsettled]:  # noqa: ARG002
        """Yield the canaries if there are any; a running check holds their lock."""
        if Canaries(self.deps).exist():
            yield Unsettled(LockKey.isolation(), self._settle)

    def pieces(self) -> Iterator[tuple[str, Leftover]]:
        """Name what a killed check left, which the reconcile loop removes."""
        if Canaries(self.deps).exist() and self.deps.work.locks.is_free(LockKey.isolation()):
            for team in TEAMS:
                yield "", Leftover("Team", team, remedy=REMEDY)

    def _settle(self, _held: Held) -> bool:
        log.warning("removing the canaries of an isolation check that was cut off")
        Canaries(self.deps).remove()
        return False
