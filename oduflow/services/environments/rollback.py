"""Roll an environment back to a snapshot: database, filestore and checkout as one.

The environment serves on while the copies are made. Then both databases are renamed in one
transaction, from which moment on a rollback that is cut off is finished and not undone (`settle`).
Before Odoo starts, each part is compared with the snapshot.
The state before becomes an automatic snapshot, so that a rollback can be undone. See ADR 27.
"""

import logging
from contextlib import ExitStack
from dataclasses import dataclass, field

from oduflow.adapters.docker.containers import Containers
from oduflow.adapters.store import ExtraRepos
from oduflow.domain.environment import Environment, EnvironmentState
from oduflow.domain.errors import Conflict, Failure, NotProven
from oduflow.domain.next_call import Next
from oduflow.domain.plan import EnvironmentPlan
from oduflow.domain.progress_monitor import ProgressMonitor
from oduflow.domain.snapshot import ROLLBACK, Snapshot, SnapshotState
from oduflow.kernel.call import Call
from oduflow.services.clone_strategy import CLONE_WAIT_SECONDS
from oduflow.services.deps import Deps
from oduflow.services.environments.boot import boot, stop_container
from oduflow.services.environments.container_labels import is_outdated
from oduflow.services.environments.failed import mark_failed
from oduflow.services.environments.remake import WITH_CONTAINER, make_again
from oduflow.services.environments.start import mark_serving
from oduflow.services.images import run_as
from oduflow.services.room import CLONE_BYTES, require_room
from oduflow.services.saga import RESERVE, Saga, Step
from oduflow.services.snapshots.create import new_snapshot, require_layers
from oduflow.services.snapshots.settle import PartsExchange

log = logging.getLogger(__name__)


def roll_back(
    deps: Deps, call: Call, environment: Environment, target: Snapshot
) -> tuple[Environment, Snapshot]:
    """Bring an environment back to a snapshot, and serve it again unless it was stopped.

    Returns:
        The environment, and the snapshot that keeps the state before.

    Raises:
        Conflict: something that the snapshot needs is gone; nothing was changed.
        NotProven: a part is not the snapshot's; the state before is kept.
        OdooFailed: the data are those of the snapshot, but Odoo does not serve with them.
        Failure: nothing was changed.
    """
    require_layers(environment)
    _refuse_missing(deps.store.extra_repos, target)
    deps.infrastructure.wake(environment.team, lambda line: call.report("database", line))
    before = new_snapshot(
        deps.store.snapshots,
        call,
        environment,
        reason="rollback_environment",
        state=SnapshotState.REPLACING,
        target=target.id,
    )
    work = Rollback(deps, environment, before, target, call)
    undo = Next.of(
        "rollback_environment", "undoes the rollback", name=environment.name, snapshot=before.name
    )
    with work.slot:
        try:
            work.run()
        except Exception:
            became = deps.store.snapshots.by_id(before.id)
            if became is None:
                _serve_again(deps.engine.containers, work.plan, environment)
                raise
            if became.state is not SnapshotState.READY:  # the reconcile loop goes on with it
                raise
            if work.unproven is not None:
                raise work.unproven from None
        return serve_after(deps, call, environment, undo), before


def resume_rollback(deps: Deps, call: Call, environment: Environment) -> Environment:
    """Finish or undo a rollback that was cut off, and serve as before it."""
    for before in deps.store.snapshots.of(environment.id):
        target = deps.store.snapshots.by_id(before.target)
        if before.state is SnapshotState.REPLACING and target is not None:
            PartsExchange(deps, environment, before, target).settle()
    return serve_after(deps, call, environment)


def serve_after(deps: Deps, call: Call, before: Environment, *undo: Next) -> Environment:
    """Start Odoo with what it has now and wait until it serves, unless it was stopped.

    Args:
        deps: the product's parts.
        call: receives the progress.
        before: the environment as it was.
        undo: what a failure suggests.

    Raises:
        OdooFailed: it does not serve; the environment is `failed`.
    """
    row = deps.store.environments.by_id(before.id) or before
    plan = EnvironmentPlan.of(deps.naming, row)
    try:
        if is_outdated(deps.naming, deps.engine.containers, row):
            row = make_again(deps, call, row, WITH_CONTAINER)
        if before.state is EnvironmentState.STOPPED:
            return deps.store.environments.update(row.id, step="", job="")
        row = boot(deps, call, plan, row, lambda line: call.tell("serving", line, 1, 1))
    except Failure as failure:
        stop_container(deps.engine.containers, plan, timeout=2)
        failure.next = (*failure.next, *undo)
        mark_failed(deps.store.environments, deps.work.outputs, row, failure)
        raise
    return mark_serving(deps.store.environments, row)


def _serve_again(containers: Containers, plan: EnvironmentPlan, environment: Environment) -> None:
    """Start Odoo after a rollback that did not happen, if it ran before."""
    if environment.state is EnvironmentState.RUNNING:
        try:
            containers.start(plan.container)
        except Failure:
            log.exception("%s does not start again", environment.name)


@dataclass(slots=True)
class Rollback(PartsExchange):
    """The steps of one rollback.

    Attributes:
        call: receives the progress.
        slot: holds a boot slot from before Odoo stops until the end.
        place: holds the place of the copies until they are made: a change of code takes its own
            within a boot slot, and each would wait for the other.
        unproven: why the rollback was given up; None unless it was.
    """

    call: Call
    slot: ExitStack = field(default_factory=ExitStack)
    place: ExitStack = field(default_factory=ExitStack)
    unproven: NotProven | None = None

    def run(self) -> None:
        """Run the steps up to the exchange of all parts."""
        monitor = ProgressMonitor(cancelled=self.call.cancelled)
        places = self.deps.work.clone_places
        with self.place as place:
            place.enter_context(
                places.hold(self.row.team, seconds=CLONE_WAIT_SECONDS, monitor=monitor)
            )
            Saga(ROLLBACK, self.steps(), self.on_step, self.deps.work.failpoints).run()

    def steps(self) -> tuple[Step, ...]:
        """List the steps in order.

        The first one's undo settles the whole: what the rule says is done, not step by step.
        """
        return (
            Step(RESERVE, "keeping the checkout", self.reserve, self.undo),
            Step("database", "cloning the snapshot's database", self.database),
            Step("filestore", "cloning the snapshot's filestore", self.filestore),
            Step("stop", "stopping Odoo", self.stop),
            Step("exchange", "exchanging the database", self.exchange),
            Step("checkout", "bringing the checkout back", self.checkout),
            Step("switch", "exchanging the filestore", self.switch),
            Step("prove", "comparing with the snapshot", self.prove),
            Step("finish", "keeping the state before", self.finish),
        )

    def on_step(self, step: Step, number: int, total: int) -> None:
        """Report which step begins; from the exchange on it can no longer be cancelled."""
        if step.name in {"checkout", "switch", "prove", "finish"}:
            self.call.tell(step.name, step.message, number, total)
        else:
            self.call.report(step.name, step.message, number, total)

    def reserve(self) -> None:
        """Write the row of the state before, and keep its checkout."""
        server, size = self.deps.infrastructure.databases.servers[self.row.team], CLONE_BYTES
        if not server.shares_blocks():
            size += self.cluster.database_size(self.target_plan.database)
        require_room(
            self.deps,
            self.row.team,
            f"Rolling {self.environment.name} back",
            database=size,
            filestore=self.layers.size_of_copy(self.layers.files_of(self.target.id)),
            filestore_in=self.layers.root,
        )
        self.deps.store.snapshots.add(self.row)
        self.deps.store.environments.update(self.environment.id, step=ROLLBACK, job=self.call.job)
        kept = self.work_tree().keep(self.row.id, self.environment.commit)
        self.row = self.deps.store.snapshots.update(self.row.id, kept=kept)

    def undo(self) -> None:
        """Undo or finish, as the rule says."""
        if self.deps.store.snapshots.by_id(self.row.id) is not None:
            try:
                self.settle()
            except NotProven as failure:
                self.unproven = failure
                raise

    def database(self) -> None:
        """Copy the snapshot's database beside the one in use."""
        self.cluster.prepare_rollback(
            self.target_plan.database,
            self.own.new_database,
            self.plan.database,
            strategy=self.strategy(self.target_plan.database),
            cancelled=self.call.cancelled,
        )

    def filestore(self) -> None:
        """Copy the snapshot's files beside those in use."""
        facts = self.deps.engine.images.facts(self.environment.odoo_image)
        image = run_as(facts, self.environment.uid)
        source = self.layers.files_of(self.target.id)
        self.layers.make(self.own.generation, image.uid, image.gid, source)

    def stop(self) -> None:
        """End Odoo at once: what it does now is not of the snapshot.

        It serves on while the call waits for a boot slot.
        """
        self.place.close()
        self.slot.enter_context(self.call.boot_slot())
        stop_container(self.deps.engine.containers, self.plan, timeout=0)


def _refuse_missing(extra_repos: ExtraRepos, target: Snapshot) -> None:
    """Refuse a snapshot whose extra repos were deleted since.

    Raises:
        Conflict: names them.
    """
    gone = [pin.name for pin in target.extra_repos if extra_repos.by_id(pin.repo) is None]
    if gone:
        raise Conflict(
            f"Extra repo {', '.join(gone)} was deleted since the snapshot was taken.",
            "Add it again, create an environment, or roll back to another snapshot.",
            Next.of("list_extra_repos", "shows the existing ones"),
        )
