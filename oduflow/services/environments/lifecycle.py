"""Start, stop and rebuild an environment that exists."""

from dataclasses import replace

from oduflow.domain.environment import UNFINISHED, Environment, EnvironmentState
from oduflow.domain.errors import Cancelled, Conflict, Failure, NotFound
from oduflow.domain.outcome import ErrorView
from oduflow.domain.plan import EnvironmentPlan
from oduflow.kernel.call import Call
from oduflow.services.deps import Deps
from oduflow.services.environments.boot import boot, halt
from oduflow.services.environments.delete import tear_down
from oduflow.services.environments.provisioning import Provisioning
from oduflow.services.environments.view import template_of
from oduflow.services.extra_repos.checkouts import unpin
from oduflow.services.saga import KeptForInspection, Saga, Step, nothing

STOP_SECONDS = 10
REBUILD_STEPS = ("extra", "python", "configuration", "modules", "container", "serving")


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
    return _serves(deps, row)


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


def rebuild(
    deps: Deps, call: Call, row: Environment, *, update_extra_repos: bool = False
) -> Environment:
    """Make the container anew and serve; database, filestore and checkout are kept.

    Its extra repos stay at the commits they are pinned to, unless asked to move to the newest
    that were fetched.

    Killed in the middle, the row says `rebuild` and the reconciler makes the container again.
    """
    deps.infrastructure.wake()
    image = deps.engine.images.facts(row.odoo_image)
    row = deps.store.environments.update(row.id, step="rebuild", job=call.job)
    deps.engine.containers.remove(EnvironmentPlan.of(deps.naming, row).container)
    if update_extra_repos:  # only now: a container that runs needs the checkouts it has
        row = unpin(deps, row)
    work = Provisioning(deps, call, row, template_of(row), image)
    steps = [_kept(step) for step in work.steps() if step.name in REBUILD_STEPS]
    saga = Saga(
        "rebuild",
        steps,
        lambda step, number, total: call.report(step.name, step.message, number, total),
        deps.work.failpoints,
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


def _kept(step: Step) -> Step:
    """Keep everything at a failure; only a creation that failed lets go of its extra repos."""
    return replace(step, keeps=True, undo=nothing if step.name == "extra" else step.undo)


def _no_container(row: Environment) -> Conflict:
    return Conflict(f"{row.name} has no container.", f"Call rebuild_environment name={row.name}.")


def _serves(deps: Deps, row: Environment) -> Environment:
    return deps.store.environments.update(
        row.id, state=EnvironmentState.RUNNING, step="", job="", error=None
    )


def _failed(deps: Deps, plan: EnvironmentPlan, row: Environment, failure: Failure) -> Environment:
    halt(deps, plan, timeout=2)
    deps.store.environments.update(
        row.id, state=EnvironmentState.FAILED, step="", job="", error=ErrorView.of(failure)
    )
    raise failure
