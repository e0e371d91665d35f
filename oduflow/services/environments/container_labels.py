"""What an environment's container was made of, by its labels."""

import json
from collections.abc import Mapping

from oduflow.adapters.docker.containers import Containers
from oduflow.domain.container import ContainerFacts
from oduflow.domain.environment import Environment
from oduflow.domain.plan import EnvironmentPlan, Naming
from oduflow.files.regular import read_regular

MAX_LABELS = 1 << 20  # bytes
# They are in the database, in the checkout, and a name that can change: `template_id` is the fact.
_NO_FACT = {"modules": "", "commit": "", "branch": "", "template": ""}
_OF_SLOT = "warm"


def labels_of(naming: Naming, container: ContainerFacts) -> Mapping[str, str]:
    """Return a container's labels; those that one of a warm slot lacks are in a file."""
    own = naming.own_labels(container.labels)
    if own.get(_OF_SLOT) and {"id", "team"} <= own.keys():
        about = EnvironmentPlan(naming, own["id"], own["team"], "").about
        text = read_regular(about, MAX_LABELS)
        own |= naming.own_labels(json.loads(text)) if text else {}
    return own


def is_outdated(naming: Naming, containers: Containers, row: Environment) -> bool:
    """Whether there is no container, or one that was made of other facts than the row's.

    Its modules are no such fact, and neither is the commit that is checked out.
    """
    plan = EnvironmentPlan.of(naming, row)
    facts = containers.facts(plan.container)
    if facts is None:
        return True
    made = {key: value for key, value in labels_of(naming, facts).items() if key != _OF_SLOT}
    return made | _NO_FACT != naming.own_labels(plan.labels(row)) | _NO_FACT
