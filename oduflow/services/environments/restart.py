"""Restart an environment."""

from oduflow.domain.environment import Environment
from oduflow.domain.plan import EnvironmentPlan
from oduflow.kernel.call import Call
from oduflow.services.deps import Deps
from oduflow.services.environments.boot import stop_container
from oduflow.services.environments.start import start
from oduflow.services.environments.stop import STOP_SECONDS, no_container


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
