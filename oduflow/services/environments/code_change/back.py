"""Bring an environment back to the state before a change of code that failed, or was killed.

The way back is in the row (`PendingChange`) until the change is finished. It goes from it in the
same write as the change's end or the end of the way back, and with an error that would only come
again; any other error leaves it, and the reconcile loop takes it again. Where data were written and
there is no snapshot, only the files go back: then the environment is `failed`, and the state that
was under way counts as loaded, so that the next change loads again what differs from it.
"""

import logging
from contextlib import suppress
from dataclasses import replace

from oduflow.adapters.postgres.errors import NotRunning, StartingUp, Unresponsive
from oduflow.adapters.store import Environments
from oduflow.domain.environment import Environment, EnvironmentState
from oduflow.domain.errors import (
    Busy,
    Conflict,
    Failure,
    Invalid,
    NotFound,
    NotProven,
    OdooFailed,
)
from oduflow.domain.next_call import Next
from oduflow.domain.pending_change import PendingChange
from oduflow.domain.plan import EnvironmentPlan
from oduflow.domain.snapshot import ROLLBACK, Snapshot, SnapshotState
from oduflow.kernel.call import Call
from oduflow.services.deps import Deps
from oduflow.services.environments.boot import boot, stop_container
from oduflow.services.environments.failed import mark_failed
from oduflow.services.environments.module_change.available import find_available
from oduflow.services.environments.module_change.settle import settle_states
from oduflow.services.environments.remake import WITH_CONTAINER, make_again
from oduflow.services.environments.restart import restart
from oduflow.services.environments.rollback import roll_back
from oduflow.services.environments.start import mark_serving
from oduflow.services.environments.states import with_state
from oduflow.services.images import run_as

log = logging.getLogger(__name__)

_SOON = (Busy, NotRunning, StartingUp, Unresponsive)
# These would only come again. `OdooFailed` says that all is back, but Odoo does not serve with it.
_FINAL = (Conflict, Invalid, NotFound, NotProven, OdooFailed)
_STOP_SECONDS = 2


def resume_code_change(deps: Deps, call: Call, row: Environment) -> Environment:
    """Bring an environment back whose change of code was killed.

    Raises:
        Failure: as `bring_back`.
    """
    pending = row.applying
    if pending is None:
        return row
    deps.infrastructure.wake(row.team)
    # A failure, or a way back that was killed, may have left it failed or stopped since.
    row = replace(row, state=EnvironmentState(pending.was or row.state), error=pending.error)
    back, kept = bring_back(deps, call, row, pending)
    if kept is not None:
        log.warning("%s/%s: what was written since is in %s", row.team, row.name, kept.name)
        call.tell("back", f"what the change and its users wrote is in the snapshot {kept.name}")
    return back


def bring_back(
    deps: Deps, call: Call, row: Environment, pending: PendingChange
) -> tuple[Environment, Snapshot | None]:
    """Put an environment back before a change of code; it serves unless it was stopped.

    Args:
        deps: the product's parts.
        call: receives the progress; it cannot be cancelled.
        row: the environment, in the state that it had before.
        pending: the way back.

    Returns:
        The environment, and the snapshot of what there was until now; None where the data stay.

    Raises:
        Busy, UpstreamFailed: a part of the product cannot do it at the moment; the next look
            tries again.
        Failure: it is not back; the environment is `failed`, and says why.
    """
    call.tell("back", "bringing the environment back")
    try:
        return _back(deps, Call(call.actor, call.origin, call.job), row, pending)
    except _SOON:
        raise
    except Failure as failure:
        _record(deps, row, pending, failure)
        raise


def _record(deps: Deps, row: Environment, pending: PendingChange, failure: Failure) -> None:
    """Record why an environment is not back; the way back stays unless the error is final."""
    now = deps.store.environments.by_id(row.id)
    if now is None:
        return
    with suppress(Failure):  # the engine may be what fails
        plan = EnvironmentPlan.of(deps.naming, row)
        stop_container(deps.engine.containers, plan, timeout=_STOP_SECONDS)
    step = ROLLBACK if now.step == ROLLBACK else ""
    if not isinstance(failure, _FINAL):
        # The container was stopped: the next try has to start it.
        stopped = now.applying and now.applying.model_copy(update={"served": True})
        mark_failed(
            deps.store.environments, deps.work.outputs, row, failure, step=step, applying=stopped
        )
        return
    snapshot = deps.store.snapshots.by_id(pending.snapshot)
    if snapshot is not None:
        undo = Next.of("rollback_environment", "goes back", name=row.name, snapshot=snapshot.name)
        failure.next = (*failure.next, undo)
    applied = now.applied
    if pending.wrote and pending.target:  # the data may be of it
        applied = with_state(now, pending.target)
    mark_failed(
        deps.store.environments,
        deps.work.outputs,
        row,
        failure,
        step=step,
        applying=None,
        applied=applied,
    )


def _back(
    deps: Deps, call: Call, row: Environment, pending: PendingChange
) -> tuple[Environment, Snapshot | None]:
    plan, kept = EnvironmentPlan.of(deps.naming, row), None
    deps.engine.containers.remove(plan.one_off)
    snapshot = deps.store.snapshots.by_id(pending.snapshot) if pending.wrote else None
    if snapshot is not None and snapshot.state is SnapshotState.READY:
        if pending.replaced:  # it may be made of other files: the rollback makes it again
            deps.engine.containers.remove(plan.container)
        row, kept = roll_back(
            deps, call, _as_written(deps.store.environments, row, pending), snapshot
        )
    else:
        work_tree = deps.git.repositories.work_tree(plan.git_dir, plan.checkout)
        work_tree.restore(pending.state, pending.commit)
        if pending.wrote:
            settle_states(deps, row)
            _read_again(deps, call, row)
            raise _without_data(row)
        row = _serve_as_before(deps, call, row, pending)
    _read_again(deps, call, row)
    if pending.was == EnvironmentState.STOPPED:  # a try that failed has written another one
        stopped = EnvironmentState.STOPPED
        back = deps.store.environments.update(
            row.id, applying=None, step="", job="", state=stopped, error=None
        )
    else:
        back = deps.store.environments.update(row.id, applying=None, step="", job="")
    return back, kept


def _as_written(
    environments: Environments, row: Environment, pending: PendingChange
) -> Environment:
    """Return the environment with what its data are of now, which the snapshot of them keeps."""
    now = environments.by_id(row.id) or row
    applied = with_state(now, pending.target) if pending.target else now.applied
    return replace(row, applied=applied, addons=now.addons, python_deps=now.python_deps)


def _without_data(row: Environment) -> NotProven:
    """Say that old files are beside new data, of which there was no snapshot."""
    return NotProven(
        f"{row.name} has the files of before, but not the data, of which there was no snapshot.",
        "Apply the changes again: all files that differ are loaded once more.",
        Next.of("apply_changes", "loads what differs from the data", name=row.name),
    )


def _serve_as_before(
    deps: Deps, call: Call, row: Environment, pending: PendingChange
) -> Environment:
    """Let Odoo serve with the files as they are again, if it may have seen others."""
    was, error = row.state, row.error
    plan = EnvironmentPlan.of(deps.naming, row)
    if was is EnvironmentState.FAILED:
        # One that failed may have been started with the code that is taken back.
        stop_container(deps.engine.containers, plan, timeout=_STOP_SECONDS)
    if pending.replaced:
        row = make_again(deps, call, row, WITH_CONTAINER)
        if was is EnvironmentState.RUNNING:
            plan = EnvironmentPlan.of(deps.naming, row)
            row = boot(deps, call, plan, row, lambda line: call.tell("back", line))
            return mark_serving(deps.store.environments, row)
    elif pending.served and was is EnvironmentState.RUNNING:
        return restart(deps, call, row)
    if was is EnvironmentState.FAILED:
        state = was if error is not None else EnvironmentState.STOPPED
        return deps.store.environments.update(row.id, state=state, error=error)
    return row


def _read_again(deps: Deps, call: Call, row: Environment) -> None:
    """Bring the list of modules up to date, which a failed change may have read."""
    with suppress(Failure):
        image = run_as(deps.engine.images.facts(row.odoo_image), row.uid)
        find_available(deps, call, row, image)
