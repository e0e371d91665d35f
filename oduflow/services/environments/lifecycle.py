"""Start, stop and restart an environment that exists."""

from oduflow.domain.environment import UNFINISHED, Environment, EnvironmentState
from oduflow.domain.errors import Cancelled, Conflict, Failure, NotFound
from oduflow.domain.outcome import ErrorView
from oduflow.domain.plan import EnvironmentPlan
from oduflow.kernel.call import Call
from oduflow.services.deps import Deps
from oduflow.services.environments.boot import boot, halt
from oduflow.services.environments.delete import tear_down

STOP_SECONDS = 10


def claim(deps: Deps, row: Environment) -> Environment:
    """Return an environment whose lock is held, unless a dead process left it unfinished.

    What is half-made or half-deleted is removed: working on it would only hide that.

    Raises:
        NotFound: it was unfinished, and is removed now.
    """
    if row.state in UNFINISHED:
        tear_down(deps, None, row)
        raise NotFound(
            f"“{row.name}” was left {row.state} by a process that died; it is removed now.",
            "create_environment makes it anew.",
        )
    return row


def start(deps: Deps, call: Call, row: Environment) -> Environment:
    """Start the container and wait for its first page; nothing happens when it serves already.

    Raises:
        Conflict: there is no container to start.
        UpstreamFailed: Odoo did not serve; the environment is `failed` with the reason.
    """
    plan = EnvironmentPlan.of(deps.naming, row)
    facts = deps.engine.containers.facts(plan.container)
    if facts is None:
        raise _no_container(row)
    deps.infrastructure.wake()
    deps.store.environments.update(row.id, step="serving", job=call.job)
    try:
        call.report("serving", "starting Odoo", 1, 1)
        row = boot(deps, call, plan, row)
    except Cancelled:
        stop(deps, row)
        raise
    except Failure as failure:
        return _failed(deps, plan, row, failure)
    return mark_serving(deps, row)


def restart(deps: Deps, call: Call, row: Environment) -> Environment:
    """Stop the container and start it again; killed in between, it is brought back."""
    plan = EnvironmentPlan.of(deps.naming, row)
    if deps.engine.containers.facts(plan.container) is None:
        raise _no_container(row)
    # Written first: killed in between, it is started again.
    deps.store.environments.update(row.id, step="serving", job=call.job)
    halt(deps, plan, timeout=STOP_SECONDS)
    return start(deps, call, row)


def stop(deps: Deps, row: Environment) -> Environment:
    """Stop the container; one that does not run stays as it is.

    Raises:
        Conflict: there is no container to stop.
    """
    plan = EnvironmentPlan.of(deps.naming, row)
    if deps.engine.containers.facts(plan.container) is None:
        raise _no_container(row)
    # Written first: killed in between, what was to be stopped is not brought back.
    stopped = deps.store.environments.update(
        row.id, state=EnvironmentState.STOPPED, step="", job="", error=None
    )
    halt(deps, plan, timeout=STOP_SECONDS)
    return stopped


def _no_container(row: Environment) -> Conflict:
    return Conflict(f"{row.name} has no container.", f"Call rebuild_environment name={row.name}.")


def mark_serving(deps: Deps, row: Environment) -> Environment:
    """Record that the environment serves."""
    return deps.store.environments.update(
        row.id, state=EnvironmentState.RUNNING, step="", job="", error=None
    )


def _failed(deps: Deps, plan: EnvironmentPlan, row: Environment, failure: Failure) -> Environment:
    halt(deps, plan, timeout=2)
    deps.store.environments.update(
        row.id, state=EnvironmentState.FAILED, step="", job="", error=ErrorView.of(failure)
    )
    raise failure
