"""Bring an environment back to the state before a change of code that failed, or was killed.

The way back is in the row (`PendingChange`) until the change is finished, and goes from it in the
same write as the change's end or the end of the way back.
"""

import logging
from contextlib import suppress
from dataclasses import replace

from oduflow.adapters.postgres.errors import NotRunning, StartingUp, Unresponsive
from oduflow.domain.environment import Environment, EnvironmentState
from oduflow.domain.errors import Busy, Failure
from oduflow.domain.next_call import Next
from oduflow.domain.pending_change import PendingChange
from oduflow.domain.plan import EnvironmentPlan
from oduflow.domain.snapshot import Snapshot, SnapshotState
from oduflow.kernel.call import Call
from oduflow.services.deps import Deps
from oduflow.services.environments.boot import boot
from oduflow.services.environments.failed import mark_failed
from oduflow.services.environments.module_change.available import find_available
from oduflow.services.environments.module_change.settle import settle_states
from oduflow.services.environments.remake import WITH_CONTAINER, make_again
from oduflow.services.environments.restart import restart
from oduflow.services.environments.rollback import roll_back
from oduflow.services.environments.start import mark_serving
from oduflow.services.groups import StoreGroup, WorkGroup
from oduflow.services.images import run_as
from oduflow.services.snapshots.delete import remove_snapshot
from oduflow.services.snapshots.parts import SnapshotParts

log = logging.getLogger(__name__)
TRANSIENT = (Busy, NotRunning, StartingUp, Unresponsive)


def resume_code_change(deps: Deps, call: Call, row: Environment) -> Environment:
    """Bring an environment back whose change of code was killed.

    Raises:
        Busy, UpstreamFailed: a part of the product cannot do it at the moment; the next look
            tries again.
        Failure: it cannot be done; the environment is `failed`, and says why.
    """
    pending = row.applying
    if pending is None:
        return row
    deps.infrastructure.wake(row.team)
    # A failure, or a way back that was killed, may have left it failed or stopped since.
    row = replace(row, state=EnvironmentState(pending.was or row.state))
    try:
        return bring_back(deps, call, row, pending)
    except TRANSIENT:
        raise
    except Failure as failure:
        _give_up(deps.store, deps.work, row, pending, failure)
        raise


def _give_up(
    store: StoreGroup, work: WorkGroup, row: Environment, pending: PendingChange, failure: Failure
) -> None:
    """Record that an environment could not be brought back, and how a person can do it."""
    snapshot = store.snapshots.by_id(pending.snapshot)
    if snapshot is not None:
        undo = Next.of("rollback_environment", "goes back", name=row.name, snapshot=snapshot.name)
        failure.next = (*failure.next, undo)
    store.environments.update(row.id, applying=None)
    mark_failed(store.environments, work.outputs, row, failure)


def bring_back(deps: Deps, call: Call, row: Environment, pending: PendingChange) -> Environment:
    """Put an environment back before a change of code; it serves unless it was stopped.

    Args:
        deps: the product's parts.
        call: receives the progress; it cannot be cancelled.
        row: the environment, in the state that it had before.
        pending: the way back.

    Raises:
        Failure: it is not back; the way back stays in the row.
    """
    quiet = Call(call.actor, call.origin, call.job)
    call.tell("back", "bringing the environment back")
    plan = EnvironmentPlan.of(deps.naming, row)
    deps.engine.containers.remove(plan.one_off)
    snapshot = deps.store.snapshots.by_id(pending.snapshot) if pending.wrote else None
    if snapshot is not None and snapshot.state is SnapshotState.READY:
        return _to_snapshot(deps, quiet, row, pending, snapshot)
    work_tree = deps.git.repositories.work_tree(plan.git_dir, plan.checkout)
    work_tree.restore(pending.state, pending.commit)
    if pending.wrote:
        settle_states(deps, row)
    row = _serve_as_before(deps, quiet, row, pending)
    _read_again(deps, quiet, row)
    return deps.store.environments.update(row.id, applying=None, step="", job="")


def _to_snapshot(
    deps: Deps, call: Call, row: Environment, pending: PendingChange, snapshot: Snapshot
) -> Environment:
    """Roll back; what the change has left is not kept, because it never was in use."""
    if pending.replaced:  # it may have been made of other files: the rollback makes it again
        deps.engine.containers.remove(EnvironmentPlan.of(deps.naming, row).container)
    back, failed = roll_back(deps, call, row, snapshot)
    try:
        remove_snapshot(SnapshotParts(deps, back, failed))
    except Failure:
        log.exception("what the failed change of %s left stays as a snapshot", row.name)
    _read_again(deps, call, back)
    return back


def _serve_as_before(
    deps: Deps, call: Call, row: Environment, pending: PendingChange
) -> Environment:
    """Let Odoo serve with the files as they are again, if it may have seen others."""
    runs = row.state is EnvironmentState.RUNNING
    if pending.replaced:
        row = make_again(deps, call, row, WITH_CONTAINER)
        if runs:
            plan = EnvironmentPlan.of(deps.naming, row)
            row = boot(deps, call, plan, row, lambda line: call.tell("back", line))
            return mark_serving(deps.store.environments, row)
    elif pending.served and runs:
        return restart(deps, call, row)
    return row


def _read_again(deps: Deps, call: Call, row: Environment) -> None:
    """Bring the list of modules up to date, which a failed change may have read."""
    with suppress(Failure):
        image = run_as(deps.engine.images.facts(row.odoo_image), row.uid)
        find_available(deps, call, row, image)
