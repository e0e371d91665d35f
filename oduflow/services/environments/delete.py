"""Delete an environment: everything that create made, the row last."""

import logging

from oduflow.domain.environment import Environment, EnvironmentState
from oduflow.domain.plan import EnvironmentPlan
from oduflow.kernel.call import Call
from oduflow.services.deps import Deps
from oduflow.services.environments import python_deps
from oduflow.services.environments.cleanup import EnvironmentCleanup
from oduflow.services.saga import Saga, Step

log = logging.getLogger(__name__)


def remove_environment(deps: Deps, call: Call | None, row: Environment) -> None:
    """Remove everything an environment is made of.

    Safe to repeat after a kill between any two lines: the row stays, `deleting`, until the rest
    is gone, and removing what is not there succeeds.

    Args:
        deps: the product's parts.
        call: who is told of the progress; None at recovery.
        row: the environment.
    """
    deps.store.environments.update(row.id, state=EnvironmentState.DELETING)
    steps = environment_removal_steps(deps, EnvironmentPlan.of(deps.naming, row))

    def began(step: Step, number: int, total: int) -> None:
        deps.store.environments.update(row.id, step=step.name)
        if call is not None:
            call.tell(step.name, step.message, number, total)

    Saga("delete", steps, began, deps.work.failpoints).run()
    try:
        python_deps.prune(deps, row.team)
    except Exception:
        # The environment is gone all the same; the next deletion tries again.
        log.exception("removing unused Python requirements of team %s failed", row.team)


def environment_removal_steps(deps: Deps, plan: EnvironmentPlan) -> tuple[Step, ...]:
    """List the steps in order; none has an undo, because a deletion is only ever finished."""
    parts = EnvironmentCleanup(deps, plan)
    return (
        Step("once", "removing throw-away containers", parts.remove_one_off),
        Step("container", "removing the container", parts.remove_container),
        Step("database", "dropping the database", parts.remove_database),
        Step("volume", "removing the filestore", parts.remove_volume),
        Step("folder", "removing the checkout", parts.remove_folder),
        Step("extra", "releasing extra repos", parts.release_extra),
        Step("row", "forgetting the environment", parts.remove_row),
    )
