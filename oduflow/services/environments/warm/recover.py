"""Recover warm slots after a kill or a restart of the engine: what is not whole is removed."""

import logging
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import partial

from oduflow.domain.warm_slot import WarmSlot, WarmSlotState
from oduflow.kernel.locks import Held, LockKey
from oduflow.services.deps import Deps
from oduflow.services.environments.warm.remove import remove_slot, slot_plan
from oduflow.services.recoverable import Recoverable, Unsettled

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WarmSlotRecovery(Recoverable):
    """Implements `Recoverable` for warm slots."""

    deps: Deps

    def ids(self) -> AbstractSet[str]:
        """Return the ids of all slots."""
        return {row.id for row in self.deps.store.warm_slots.all()}

    def unsettled(self, *, revive: AbstractSet[str]) -> Iterator[Unsettled]:  # noqa: ARG002
        """Yield every slot: only its container shows whether it waits."""
        for row in self.deps.store.warm_slots.all():
            yield Unsettled(LockKey.warm_slot(row.team, row.id), partial(self._settle, row.id))

    def _settle(self, slot: str, _held: Held) -> bool:
        row = self.deps.store.warm_slots.by_id(slot)
        if row is not None and not self._is_whole(row):
            remove_slot(self.deps, row)
        return False

    def _is_whole(self, row: WarmSlot) -> bool:
        if row.state is not WarmSlotState.READY or row.team not in self.deps.settings.teams:
            return False
        facts = self.deps.engine.containers.facts(slot_plan(self.deps.naming, row).warm_container)
        return facts is not None and facts.status == "paused"
