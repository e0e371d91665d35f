"""Create a snapshot: database, filestore and checkout of one moment.

A running Odoo is paused for the moment between two of its requests, so that it fails none: closing
its sessions instead would log its users out. See ADR 27.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from oduflow.adapters.postgres.databases import Strategy
from oduflow.adapters.store import Snapshots
from oduflow.domain.clock import now
from oduflow.domain.environment import Environment
from oduflow.domain.errors import Busy, Conflict
from oduflow.domain.filestore import FilestoreKind
from oduflow.domain.names import new_id
from oduflow.domain.next_call import Next
from oduflow.domain.plan import ODOO_PORT
from oduflow.domain.progress_monitor import ProgressMonitor
from oduflow.domain.snapshot import Snapshot, SnapshotState, default_name
from oduflow.kernel.call import Call
from oduflow.services.clone_strategy import CLONE_WAIT_SECONDS
from oduflow.services.deps import Deps
from oduflow.services.room import CLONE_BYTES, count_for, require_room
from oduflow.services.saga import RESERVE, OnStep, Saga, Step
from oduflow.services.snapshots.delete import remove_snapshot
from oduflow.services.snapshots.parts import SnapshotParts
from oduflow.services.snapshots.request_watch import RequestWatch

QUIET_SECONDS = 30.0  # in which a moment without a transaction is looked for
RETRY_SECONDS = (0.03, 0.08)


def new_snapshot(
    snapshots: Snapshots,
    call: Call,
    environment: Environment,
    name: str | None = None,
    *,
    reason: str = "",
    state: SnapshotState = SnapshotState.CREATING,
    target: str = "",
) -> Snapshot:
    """Describe a snapshot of what the environment is now; nothing is written yet."""
    moment = now()
    taken = {row.name for row in snapshots.of(environment.id)}
    return Snapshot(
        id=new_id(),
        environment=environment.id,
        team=environment.team,
        name=name or default_name(moment, taken, reason),
        state=state,
        automatic=bool(reason),
        reason=reason,
        repo_url=environment.repo_url,
        branch=environment.branch,
        requested_branch=environment.requested_branch,
        commit=environment.commit,
        kept="",
        odoo_image=environment.odoo_image,
        modules=environment.modules,
        addons=environment.addons,
        python_deps=environment.python_deps,
        extra_repos=environment.extra_repos,
        target=target,
        created_by=str(call.actor),
        created_at=moment,
        applied=environment.applied,
    )


def require_layers(environment: Environment) -> None:
    """Refuse an environment whose filestore is kept as older versions did.

    Raises:
        Conflict: its filestore has no layers.
    """
    if environment.filestore is FilestoreKind.VOLUME:
        raise Conflict(
            f"{environment.name} was made by an older version, which had no snapshots.",
            "",
            Next.of("rebuild_environment", "prepares it for them", name=environment.name),
        )


def make_snapshot(
    deps: Deps,
    call: Call,
    environment: Environment,
    row: Snapshot,
    *,
    force: bool = False,
    limit: int | None = None,
) -> Snapshot:
    """Create a snapshot of an environment, which pauses for a moment if it runs.

    Args:
        deps: the product's parts.
        call: receives the progress.
        environment: its lock is held.
        row: what `new_snapshot` returned.
        force: end a transaction that goes on too long, instead of giving up.
        limit: how many snapshots that were asked for the team may have.

    Raises:
        Busy: an environment that runs is never between two transactions.
        Cancelled: the job was cancelled; Odoo goes on.
        QuotaReached: there is not enough space, or the team has as many as it may.
    """
    work = SnapshotCreation(deps, environment, row, call, force, limit)
    _create(work, work.on_step)
    return deps.store.snapshots.update(row.id, state=SnapshotState.READY)


def make_temporary_snapshot(
    deps: Deps, call: Call, environment: Environment, tell: Callable[[str], None]
) -> SnapshotParts:
    """Create a snapshot that the call uses up, or removes before it ends.

    It never becomes `ready`, so that nothing goes back to it, and recovery removes one that a
    kill has left, as it removes any that is half made.

    Args:
        deps: the product's parts.
        call: may be cancelled meanwhile.
        environment: its lock is held until the snapshot is removed.
        tell: gets a line for each step; it raises when the call was cancelled.

    Raises:
        Failure: as `make_snapshot`.
    """
    row = new_snapshot(deps.store.snapshots, call, environment, f"temporary-{new_id()}")
    _create(
        SnapshotCreation(deps, environment, row, call),
        lambda step, _number, _total: tell(step.message),
    )
    return SnapshotParts(deps, environment, deps.store.snapshots.by_id(row.id) or row)


def remove_temporary_snapshot(taken: SnapshotParts) -> None:
    """Remove what is left of a temporary snapshot; one that was removed already is no error."""
    if taken.deps.store.snapshots.by_id(taken.row.id) is not None:
        remove_snapshot(taken)


def _create(work: "SnapshotCreation", on_step: OnStep) -> None:
    require_layers(work.environment)
    deps, call, team = work.deps, work.call, work.row.team
    deps.infrastructure.wake(team, lambda line: call.report("database", line))
    monitor = ProgressMonitor(cancelled=call.cancelled)
    with deps.work.clone_places.hold(team, seconds=CLONE_WAIT_SECONDS, monitor=monitor):
        Saga("snapshot", work.steps(), on_step, deps.work.failpoints).run()


@dataclass(slots=True)
class SnapshotCreation(SnapshotParts):
    """The steps that create one snapshot.

    Attributes:
        force: whether a long transaction is ended.
        limit: see `make_snapshot`.
        how: the strategy of the database's copy, which `pause` chooses.
    """

    call: Call
    force: bool = False
    limit: int | None = None
    how: Strategy = "wal_log"

    def steps(self) -> tuple[Step, ...]:
        """List the steps in order, each with its undo."""
        return (
            Step(RESERVE, "reserving the name", self.reserve, self.remove_row),
            Step("checkout", "keeping the checkout", self.checkout, self.forget_checkout),
            Step("pause", "waiting for a moment without requests", self.pause, self.resume),
            Step("database", "cloning the database", self.database, self.remove_databases),
            Step("filestore", "cloning the filestore", self.filestore, self.remove_files),
            Step("resume", "resuming Odoo", self.resume),
            Step("synchronise", "writing the copies to the disk", self.synchronise),
        )

    def on_step(self, step: Step, number: int, total: int) -> None:
        """Report which step begins."""
        self.call.report(step.name, step.message, number, total)

    def reserve(self) -> None:
        """Write the row before the first side effect: recovery finds the rest through it."""
        server, size = self.deps.infrastructure.databases.servers[self.row.team], CLONE_BYTES
        if not server.shares_blocks():
            size += self.cluster.database_size(self.plan.database)
        what = f"A snapshot of {self.environment.name}"
        deps, team, files = self.deps, self.row.team, self.layers.size_of_copy(self.layers.upper)
        root = self.layers.root
        require_room(deps, team, what, database=size, filestore=files, filestore_in=root)
        count_for(deps.store.sizes, deps.settings, team, self.row.id, size + files)
        self.deps.store.snapshots.add(self.row, limit=self.limit)

    def checkout(self) -> None:
        """Keep the commit and the edits of the checkout."""
        kept = self.work_tree().keep(self.row.id, self.environment.commit)
        self.row = self.deps.store.snapshots.update(self.row.id, kept=kept)

    def pause(self) -> None:
        """Freeze Odoo between two requests; one that does not run stays as it is.

        What can be done before is done before: Odoo's requests wait meanwhile.

        Raises:
            Busy: it never is.
        """
        containers, name = self.deps.engine.containers, self.plan.container
        self.how = self.strategy(self.plan.database)
        if self.how == "file_copy":
            self.cluster.flush(self.call.cancelled)
        requests = RequestWatch()
        while True:
            facts = containers.facts(name)
            if facts is None or facts.status != "running":
                return
            containers.pause(name)
            late = requests.waited > QUIET_SECONDS
            answers = requests.answers(containers.connections(name, ODOO_PORT))
            if (late and self.force) or not (
                answers or self.cluster.busy_sessions(self.plan.database)
            ):
                return
            containers.unpause(name)
            if late:
                raise Busy(
                    f"{self.environment.name} was writing for {QUIET_SECONDS:.0f} s without a "
                    "moment of rest, in which a snapshot could be taken.",
                    "Call again when it has less to do, or stop it first.",
                )
            self.call.raise_if_cancelled()
            time.sleep(random.uniform(*RETRY_SECONDS))  # noqa: S311 - no secret

    def database(self) -> None:
        """Copy the database, whose idle sessions end; Odoo opens new ones."""
        self.cluster.take_snapshot(
            self.plan.database,
            self.own.database,
            strategy=self.how,
            cancelled=self.call.cancelled,
        )

    def filestore(self) -> None:
        """Copy the environment's own files."""
        self.layers.keep(self.row.id)

    def remove_databases(self) -> None:
        """Let Odoo go on, and drop the copy: a removal that fails must not leave it paused."""
        self.resume()
        SnapshotParts.remove_databases(self)

    def remove_files(self) -> None:
        """Let Odoo go on, and remove the copied files."""
        self.resume()
        SnapshotParts.remove_files(self)

    def resume(self) -> None:
        """Let Odoo go on."""
        self.deps.engine.containers.unpause(self.plan.container)

    def synchronise(self) -> None:
        """Write the copied files to the disk; Odoo does not wait for it."""
        self.layers.synchronise()
