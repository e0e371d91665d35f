"""Start an environment that exists."""

from oduflow.adapters.store import Environments
from oduflow.domain.environment import Environment, EnvironmentState
from oduflow.domain.errors import Cancelled, Failure
from oduflow.domain.plan import EnvironmentPlan
from oduflow.kernel.call import Call
from oduflow.services.deps import Deps
from oduflow.services.environments.boot import boot, stop_container
from oduflow.services.environments.failed import mark_failed
from oduflow.services.environments.stop import no_container, stop


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
