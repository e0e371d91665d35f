"""Make what an environment's container is made of again, from its checkouts as they are."""

from collections.abc import Set as AbstractSet

from oduflow.domain.environment import Environment
from oduflow.kernel.call import Call
from oduflow.services.deps import Deps
from oduflow.services.environments.provisioning import Provisioning
from oduflow.services.images import run_as

PREPARED = frozenset({"extra", "addons", "python", "configuration"})
WITH_CONTAINER = PREPARED | {"container"}


def make_again(deps: Deps, call: Call, row: Environment, steps: AbstractSet[str]) -> Environment:
    """Run some of the steps that a rebuild has, in their order; the container stays stopped.

    Args:
        deps: the product's parts.
        call: receives the progress.
        row: the environment.
        steps: PREPARED leaves the container that serves as it is; WITH_CONTAINER replaces it.

    Returns:
        The environment with the addons path and the packages that it has now.
    """
    image = run_as(deps.engine.images.facts(row.odoo_image), row.uid)
    work = Provisioning(deps, call, row, image)
    chosen = [step for step in work.container_steps() if step.name in steps]
    for number, step in enumerate(chosen, 1):
        work.on_step(step, number, len(chosen))
        step.do()
    return work.row
