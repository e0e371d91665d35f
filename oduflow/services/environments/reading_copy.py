"""A short-lived copy of a sealed database, to read it: a sealed one accepts no session.

The copy has a role of its own, which has the rights of the role that owns the objects, so that no
object in it has to change its owner. Its name follows from the environment, and the copy of a
process that was killed is dropped by recovery.
"""

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from oduflow.adapters.locks import FileLocks
from oduflow.adapters.postgres.cluster import Cluster
from oduflow.adapters.postgres.tenant import Tenant
from oduflow.domain.errors import Failure
from oduflow.domain.plan import READING_COPIES, EnvironmentPlan, environment_of
from oduflow.domain.progress_monitor import ProgressMonitor
from oduflow.kernel.call import Call
from oduflow.kernel.locks import Held, LockKey
from oduflow.services.clone_strategy import CLONE_WAIT_SECONDS, clone_strategy
from oduflow.services.deps import Deps
from oduflow.services.groups import PostgresGroup
from oduflow.services.recoverable import Recoverable, TeamWork, Unsettled
from oduflow.services.room import CLONE_BYTES, require_room
from oduflow.services.saga import Saga, Step
from oduflow.services.server.databases import Databases

log = logging.getLogger(__name__)

LOCK_WAIT_SECONDS = 120.0  # for another comparison of the same environment
CONNECTIONS = 3
STEPS = 5  # of a comparison: three here, then it reads both databases


@dataclass(frozen=True, slots=True)
class SealedDatabase:
    """A database that admits no session: a template's or a snapshot's.

    Attributes:
        name: the database.
        objects_of: the role that owns the objects in it.
    """

    name: str
    objects_of: str


@contextmanager
def one_comparison(locks: FileLocks, plan: EnvironmentPlan) -> Iterator[None]:
    """Keep other comparisons of the environment, and recovery, from its copies during the block.

    Raises:
        Busy: another comparison of the environment has not ended in time.
    """
    key = LockKey.reading_copy(plan.team, plan.id)
    with locks.acquire(key, "diff_environment", wait=LOCK_WAIT_SECONDS):
        yield


@contextmanager
def reading_copy(
    deps: Deps, call: Call, plan: EnvironmentPlan, side: str, source: SealedDatabase
) -> Iterator[Tenant]:
    """Copy a sealed database, and drop the copy at the end of the block.

    Args:
        deps: the product's parts.
        call: receives the progress.
        plan: of the environment that is compared; `one_comparison` holds it.
        side: one of `READING_COPIES`.
        source: what to copy.

    Raises:
        QuotaReached: the copy would not fit.
        Failure: the database could not be copied.
    """
    work = _Copying(deps, call, plan, plan.reading_copy(side), source)
    Saga("diff", work.steps(), work.on_step, deps.work.failpoints).run()
    try:
        yield deps.postgres.tenant(plan.team, work.name, work.password)
    finally:
        work.drop_later()


@dataclass(slots=True)
class _Copying:
    """The steps of one copy."""

    deps: Deps
    call: Call
    plan: EnvironmentPlan
    name: str
    source: SealedDatabase
    password: str = field(default_factory=lambda: secrets.token_urlsafe(32), init=False)

    def steps(self) -> tuple[Step, ...]:
        """List the steps in order; the undo of the first removes all."""
        return (
            Step("role", "looking for room", self.role, self.drop_later),
            Step("copy", "copying the database to compare with", self.copy),
            Step("right", "opening the copy", self.right),
        )

    def on_step(self, step: Step, number: int, _total: int) -> None:
        """Report which step begins."""
        self.call.report(step.name, step.message, number, STEPS)

    def role(self) -> None:
        """Drop what a killed process has left, and make the copy's role."""
        deps, plan, cluster = self.deps, self.plan, self._cluster
        needed = CLONE_BYTES + (0 if self._shares else cluster.database_size(self.source.name))
        require_room(deps, plan.team, f"A comparison of {plan.name}", database=needed)
        drop_copy(cluster, self.name)
        cluster.create_role(self.name, self.password, connection_limit=CONNECTIONS)

    def copy(self) -> None:
        """Copy the database."""
        name, team, cluster, source = self.name, self.plan.team, self._cluster, self.source.name
        how = clone_strategy(self.deps.infrastructure, team, cluster.database_size(source))
        stop = self.call.cancelled
        monitor = ProgressMonitor(self._tell, stop)
        with self.deps.work.clone_places.hold(team, seconds=CLONE_WAIT_SECONDS, monitor=monitor):
            cluster.clone_database(source, name, name, strategy=how, cancelled=stop)

    def right(self) -> None:
        """Let the copy's role read it."""
        self._cluster.let_read(self.name, self.source.objects_of)

    def drop_later(self) -> None:
        """Drop the copy; what cannot be dropped now is dropped by recovery."""
        try:
            drop_copy(self._cluster, self.name)
        except Failure as failure:
            log.warning("%s is dropped later: %s", self.name, failure.message)

    @property
    def _cluster(self) -> Cluster:
        return self.deps.postgres.cluster(self.plan.team)

    @property
    def _shares(self) -> bool:
        return self.deps.infrastructure.databases.servers[self.plan.team].shares_blocks()

    def _tell(self, line: str) -> None:
        self.call.report("copy", line, 2, STEPS)


def drop_copy(cluster: Cluster, name: str) -> None:
    """Drop a copy and its role; neither needs to exist."""
    cluster.drop_database(name)
    cluster.drop_role(name)


@dataclass(frozen=True, slots=True)
class ReadingCopyRecovery(Recoverable):
    """Drops the copies of comparisons whose process was killed."""

    databases: Databases
    postgres: PostgresGroup

    def team_work(self) -> Iterator[TeamWork]:
        """Look for copies in every team's PostgreSQL."""
        for team in self.databases.servers:
            yield TeamWork(team, partial(self.left, team))

    def left(self, team: str) -> Iterator[Unsettled]:
        """Find copies, and roles without their copy, if the team's PostgreSQL runs."""
        for name in sorted(self.databases.tenants(team)):
            if name.endswith(tuple(f"_{side}" for side in READING_COPIES)):
                key = LockKey.reading_copy(team, environment_of(name))
                yield Unsettled(key, partial(self._drop, team, name))

    def _drop(self, team: str, name: str, _held: Held) -> bool:
        log.warning("dropping %s, which a comparison has left", name)
        drop_copy(self.postgres.cluster(team), name)
        return False
