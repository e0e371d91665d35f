"""Start, stop and rebuild an environment that exists."""

from dataclasses import replace

from oduflow.domain.environment import Environment, EnvironmentState
from oduflow.domain.errors import Cancelled, Conflict, Failure
from oduflow.domain.outcome import ErrorView
from oduflow.domain.plan import EnvironmentPlan
from oduflow.kernel.call import Call
from oduflow.services.boot import boot, create_container, halt
from oduflow.services.deps import Deps
from oduflow.services.environments import template_of
from oduflow.services.provisioning import Provisioning
from oduflow.services.saga import KeptForInspection, Saga

STOP_SECONDS = 10
REBUILD_STEPS = ("configuration", "modules", "container", "serving")


def start(deps: Deps, call: Call, row: Environment) -> Environment:
    """Start the container and wait for its first page; nothing happens when it serves already.

    Raises:
        Conflict: there is no container to start.
        UpstreamFailed: Odoo did not serve; the environment is `failed` with the reason.
    """
    plan = EnvironmentPlan.of(deps.naming, row)
    facts = deps.containers.facts(plan.container)
    if facts is None:
        raise _no_container(row)
    deps.environments.update(row.id, step="serving", job=call.job)
    try:
        deps.infrastructure.wake()
        call.report("serving", "starting Odoo", 1, 1)
        row = boot(deps, call, plan, row)
    except Failure as failure:
        return _failed(deps, plan, row, failure)
    return _serves(deps, row)


def stop(deps: Deps, row: Environment) -> Environment:
    """Stop the container; one that does not run stays as it is.

    Raises:
        Conflict: there is no container to stop.
    """
    plan = EnvironmentPlan.of(deps.naming, row)
    if deps.containers.facts(plan.container) is None:
        raise _no_container(row)
    halt(deps, plan, timeout=STOP_SECONDS)
    return deps.environments.update(row.id, state=EnvironmentState.STOPPED, step="", job="")


def rebuild(deps: Deps, call: Call, row: Environment) -> Environment:
    """Make the container anew and serve; database, filestore and checkout are kept.

    Killed in the middle, the row says `rebuild` and the reconciler makes the container again.
    """
    deps.infrastructure.wake()
    image = deps.images.facts(row.odoo_image)
    row = deps.environments.update(row.id, state=EnvironmentState.RUNNING, step="rebuild")
    work = Provisioning(deps, call, row, template_of(row), image)
    # A failure keeps everything: what can be undone here is only what was kept on purpose.
    steps = [
        replace(step, keeps=True, message=step.message)
        for step in work.steps()
        if step.name in REBUILD_STEPS
    ]
    deps.containers.remove(work.plan.container)
    saga = Saga(
        "rebuild",
        steps,
        lambda step, number, total: call.report(step.name, step.message, number, total),
        deps.failpoints,
    )
    try:
        saga.run()
    except KeptForInspection as kept:
        work.keep_as_failed(ErrorView.of(kept.failure))
        raise kept.failure from kept.failure.__cause__
    except Cancelled:
        # Not “rebuild” any more, or the reconciler would go on with what was just stopped.
        stopped = Cancelled(
            "The rebuild was stopped; the data is kept.", f"rebuild_environment name={row.name}"
        )
        work.keep_as_failed(ErrorView.of(stopped))
        raise stopped from None
    except Failure as failure:
        work.keep_as_failed(ErrorView.of(failure))
        raise
    return _serves(deps, work.row)


def revive(deps: Deps, call: Call, row: Environment) -> Environment:
    """Bring back what was running before the engine or the machine restarted."""
    plan = EnvironmentPlan.of(deps.naming, row)
    if deps.containers.facts(plan.container) is None:
        create_container(deps, plan, row)
    return start(deps, call, row)


def _no_container(row: Environment) -> Conflict:
    return Conflict(f"{row.name} has no container.", f"Call rebuild_environment name={row.name}.")


def _serves(deps: Deps, row: Environment) -> Environment:
    return deps.environments.update(
        row.id, state=EnvironmentState.RUNNING, step="", job="", error=None
    )


def _failed(deps: Deps, plan: EnvironmentPlan, row: Environment, failure: Failure) -> Environment:
    halt(deps, plan, timeout=2)
    deps.environments.update(
        row.id, state=EnvironmentState.FAILED, step="", job="", error=ErrorView.of(failure)
    )
    raise failure
