"""Start, stop and restart an environment that exists."""

from oduflow.adapters.store import Environments
from oduflow.domain.environment import UNFINISHED, Environment, EnvironmentState
from oduflow.domain.errors import Busy, Cancelled, Conflict, Failure, NotFound
from oduflow.domain.module_change import MODULES_CHANGE
from oduflow.domain.next_call import Next
from oduflow.domain.plan import EnvironmentPlan
from oduflow.domain.snapshot import ROLLBACK
from oduflow.kernel.call import Call
from oduflow.services.deps import Deps
from oduflow.services.environments.boot import boot, stop_container
from oduflow.services.environments.delete import remove_environment
from oduflow.services.environments.failed import mark_failed
from oduflow.services.move_journal import refuse_during_move
from oduflow.services.snapshots.recover import settle_snapshots

STOP_SECONDS = 10
_CUT_OFF = {ROLLBACK: "A rollback", MODULES_CHANGE: "A change of modules"}


def refuse_unfinished(deps: Deps, row: Environment) -> None:
    """Remove an environment that a dead process left half-created or half-deleted.

    The caller holds the environment's lock. Starting or rebuilding such an environment would
    only hide that it is incomplete.

    Raises:
        Busy: a rollback, a change of modules or a move was cut off, which the reconcile loop
            finishes.
        NotFound: it was unfinished, and is removed now.
    """
    refuse_during_move(deps.store.facts, row.team)
    if row.step in _CUT_OFF:
        raise Busy(
            f"{_CUT_OFF[row.step]} of {row.name} was cut off, and is finished now.",
            "Call again in a minute.",
        )
    settle_snapshots(deps, row)
    if row.state in UNFINISHED:
        remove_environment(deps, None, row)
        raise NotFound(
            f"“{row.name}” was left {row.state} by a process that died; it is removed now.",
            "",
            Next.of("create_environment", "creates it again", name=row.name),
        )


def start(deps: Deps, call: Call, row: Environment) -> Environment:
    """Start the container and wait until Odoo serves; does nothing if it serves already.

    Raises:
        Conflict: the environment has no container.
        UpstreamFailed: Odoo did not serve; the environment is `failed` with the reason.
    """
    plan = EnvironmentPlan.of(deps.naming, row)
    facts = deps.engine.containers.facts(plan.container)
    if facts is None:
        raise no_container(row)
    deps.infrastructure.wake(row.team, lambda line: call.report("database", line))
    deps.store.environments.update(row.id, step="serving", job=call.job)
    try:

        def tell(line: str) -> None:
            call.report("serving", line, 1, 1)

        tell("starting Odoo")
        row = boot(deps, call, plan, row, tell)
    except Cancelled:
        stop(deps, row)
        raise
    except Failure as failure:
        return record_failure(deps, plan, row, failure)
    return mark_serving(deps.store.environments, row)


def restart(deps: Deps, call: Call, row: Environment) -> Environment:
    """Stop the container and start it again; it serves on while the call waits for a boot slot."""
    plan = EnvironmentPlan.of(deps.naming, row)
    if deps.engine.containers.facts(plan.container) is None:
        raise no_container(row)
    with call.boot_slot():
        # Written before the stop: after a kill in between, the reconciler starts it again.
        deps.store.environments.update(row.id, step="serving", job=call.job)
        stop_container(deps.engine.containers, plan, timeout=STOP_SECONDS)
        return start(deps, call, row)


def stop(deps: Deps, row: Environment) -> Environment:
    """Stop the container; does nothing if it does not run.

    Raises:
        Conflict: the environment has no container.
    """
    plan = EnvironmentPlan.of(deps.naming, row)
    if deps.engine.containers.facts(plan.container) is None:
        raise no_container(row)
    # Written before the stop: after a kill in between, the reconciler does not start it again.
    stopped = deps.store.environments.update(
        row.id, state=EnvironmentState.STOPPED, step="", job="", error=None
    )
    stop_container(deps.engine.containers, plan, timeout=STOP_SECONDS)
    return stopped


def no_container(row: Environment) -> Conflict:
    """Make the error for an environment whose container is lost."""
    return Conflict(
        f"{row.name} has no container.",
        "",
        Next.of("rebuild_environment", "creates it", name=row.name),
    )


def mark_serving(environments: Environments, row: Environment) -> Environment:
    """Record that the environment serves."""
    return environments.update(
        row.id, state=EnvironmentState.RUNNING, step="", job="", error=None, served=True
    )


def record_failure(
    deps: Deps, plan: EnvironmentPlan, row: Environment, failure: Failure
) -> Environment:
    """Stop an Odoo that does not serve, record why, and raise it."""
    stop_container(deps.engine.containers, plan, timeout=2)
    mark_failed(deps.store.environments, deps.work.outputs, row, failure)
    raise failure
