"""Remove warm slots, which hold no data of users."""

import logging
from dataclasses import dataclass
from functools import partial

from oduflow.domain.errors import Busy, Failure
from oduflow.domain.plan import EnvironmentPlan, Naming
from oduflow.domain.warm_slot import WarmSlot
from oduflow.kernel.locks import LockKey
from oduflow.services.deps import Deps
from oduflow.services.environments.cleanup import EnvironmentCleanup

HOLDER = "the warm pool"

log = logging.getLogger(__name__)


def slot_plan(naming: Naming, slot: WarmSlot) -> EnvironmentPlan:
    """Return the names of a slot's parts: those of an environment with its id."""
    return EnvironmentPlan(naming, slot.id, slot.team, "")


@dataclass(frozen=True, slots=True)
class SlotCleanup(EnvironmentCleanup):
    """The removable parts of one slot."""

    def remove_container(self) -> None:
        """Remove the slot's container."""
        self.deps.engine.containers.remove(self.plan.warm_container)

    def remove_row(self) -> None:
        """Delete the row; always the last step, because recovery finds the rest through it."""
        self.deps.store.warm_slots.remove(self.plan.id)
        self.deps.store.sizes.forget(self.plan.team, self.plan.id)


def remove_slot(deps: Deps, slot: WarmSlot) -> bool:
    """Remove a slot, whose lock the caller holds; return whether nothing is left of it.

    While the team's PostgreSQL is stopped only the container is removed, which frees the memory:
    starting PostgreSQL to drop a database would take more than the database.
    """
    parts = SlotCleanup(deps, slot_plan(deps.naming, slot))
    parts.remove_container()
    server = deps.infrastructure.databases.servers.get(slot.team)
    if server is None or server.running() is None:
        return False
    deps.work.failpoints.reach("warm_removal.container.after")
    parts.remove_database()
    deps.work.failpoints.reach("warm_removal.database.after")
    parts.remove_volume()
    parts.remove_folder()
    deps.work.failpoints.reach("warm_removal.folder.after")
    parts.remove_row()
    return True


def give_up(deps: Deps, slot: WarmSlot, *, wait: float = 0.0) -> bool:
    """Remove a slot unless it is claimed meanwhile; return whether it was removed.

    Args:
        deps: the product's parts.
        slot: the slot.
        wait: seconds to wait for the process that makes or claims it.
    """
    try:
        held = deps.work.locks.acquire(LockKey.warm_slot(slot.team, slot.id), HOLDER, wait=wait)
    except Busy:
        return False
    with held:
        if deps.store.warm_slots.by_id(slot.id) is None:
            return False
        try:
            return remove_slot(deps, slot)
        except Failure as failure:
            log.warning("warm slot %s is removed later: %s", slot.id, failure.message)
            return False


def in_use(deps: Deps, slot: WarmSlot) -> bool:
    """Whether a process makes or claims a slot, or its container exists."""
    if not deps.work.locks.is_free(LockKey.warm_slot(slot.team, slot.id)):
        return True
    return deps.engine.containers.facts(slot_plan(deps.naming, slot).warm_container) is not None


def give_up_all(deps: Deps, team: str, *, wait: float = 0.0) -> int:
    """Remove the slots of a team; return how many were removed."""
    return sum(map(partial(give_up, deps, wait=wait), deps.store.warm_slots.of(team)))
