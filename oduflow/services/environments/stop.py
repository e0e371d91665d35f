"""Stop an environment."""

from oduflow.domain.environment import Environment, EnvironmentState
from oduflow.domain.errors import Conflict
from oduflow.domain.next_call import Next
from oduflow.domain.plan import EnvironmentPlan
from oduflow.services.deps import Deps
from oduflow.services.environments.boot import stop_container

STOP_SECONDS = 10


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
