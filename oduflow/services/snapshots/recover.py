"""Recover snapshots after a kill, and remove automatic ones that are no longer kept."""

import logging
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from oduflow.domain.clock import now
from oduflow.domain.environment import MOVING, UNFINISHED, Environment
from oduflow.domain.errors import Failure, NotProven
from oduflow.domain.plan import EnvironmentPlan
from oduflow.domain.snapshot import ROLLBACK, Snapshot, SnapshotState, expired
from oduflow.kernel.locks import Held, LockKey
from oduflow.services.deps import Deps
from oduflow.services.recoverable import Recoverable, Unsettled
from oduflow.services.snapshots.delete import remove_snapshot
from oduflow.services.snapshots.parts import SnapshotParts
from oduflow.services.snapshots.settle import PartsExchange
from oduflow.settings import Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SnapshotRecovery(Recoverable):
    """Implements `Recoverable` for snapshots, which their environment's lock is for, too."""

    deps: Deps

    def ids(self) -> AbstractSet[str]:
        """Return the ids of all snapshots."""
        return {row.id for row in self.deps.store.snapshots.all()}

    def unsettled(self, *, revive: AbstractSet[str]) -> Iterator[Unsettled]:  # noqa: ARG002
        """Yield the environments of snapshots that are half made, or kept for long enough."""
        rows: dict[str, list[Snapshot]] = {}
        for row in self.deps.store.snapshots.all():
            rows.setdefault(row.environment, []).append(row)
        for id_, of in rows.items():
            environment = self.deps.store.environments.by_id(id_)
            if environment is None or environment.team not in self.deps.settings.teams:
                continue
            half = any(row.state is not SnapshotState.READY for row in of)
            if half or _expired(self.deps.settings, environment, of):
                key = LockKey.environment(environment.team, environment.name)
                yield Unsettled(key, partial(self._settle, id_))

    def _settle(self, environment: str, _held: Held) -> bool:
        row = self.deps.store.environments.by_id(environment)
        if row is not None and row.state not in UNFINISHED and row.step not in (ROLLBACK, MOVING):
            settle_snapshots(self.deps, row)
            prune_snapshots(self.deps, row)
        return False


def settle_snapshots(deps: Deps, environment: Environment) -> None:
    """Remove snapshots that a process that died left half made or half removed.

    The caller holds the environment's lock. An Odoo that was paused for one goes on.
    """
    for row in deps.store.snapshots.of(environment.id):
        if row.state is SnapshotState.READY:
            continue
        log.warning("snapshot %s of %s was left %s", row.name, environment.name, row.state)
        if row.state is SnapshotState.CREATING:
            plan = EnvironmentPlan.of(deps.naming, environment)
            deps.engine.containers.unpause(plan.container)
        target = deps.store.snapshots.by_id(row.target)
        if row.state is SnapshotState.REPLACING and target is not None:
            with suppress(NotProven):  # the environment's row says it already
                PartsExchange(deps, environment, row, target).settle()
        else:
            remove_snapshot(SnapshotParts(deps, environment, row))


def prune_snapshots(deps: Deps, environment: Environment) -> None:
    """Remove the automatic snapshots that are no longer kept; a failure leaves them for later."""
    row_now = deps.store.environments.by_id(environment.id) or environment
    for row in _expired(deps.settings, row_now, deps.store.snapshots.of(environment.id)):
        try:
            remove_snapshot(SnapshotParts(deps, environment, row))
        except Failure:
            log.exception("removing snapshot %s of %s failed", row.name, environment.name)
            return


def _expired(
    settings: Settings, environment: Environment, rows: Sequence[Snapshot]
) -> tuple[Snapshot, ...]:
    """Return those that are no longer kept; the way back of a change that is cut off is."""
    needed = environment.applying and environment.applying.snapshot
    others = tuple(row for row in rows if row.id != needed)
    rules = settings.storage
    return expired(others, now(), keep=rules.snapshots_kept, days=rules.snapshots_days)
