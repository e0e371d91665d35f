"""Take in environments that Docker knows and the store does not, when they are complete.

Complete means: the labels can be read, the team is configured, and database, volume and
configuration are there.
"""

import logging
from collections.abc import Iterator, Mapping
from datetime import datetime

from oduflow.domain.container import ContainerFacts
from oduflow.domain.environment import Environment, EnvironmentState
from oduflow.domain.errors import Failure
from oduflow.domain.plan import EnvironmentPlan
from oduflow.services.deps import Deps

log = logging.getLogger(__name__)


def adopt(deps: Deps) -> None:
    """Write a row for each complete environment without one; leave the others alone."""
    for container, row in _strays(deps):
        if row is None:
            continue
        try:
            deps.environments.add(row, limit=None)
        except Failure as failure:
            log.warning("%s was not adopted: %s", container.name, failure.message)
        else:
            log.warning("adopted %s/%s, which the store did not know", row.team, row.name)


def unadoptable(deps: Deps) -> tuple[str, ...]:
    """Name the containers that carry our label, have no row, and are not complete."""
    return tuple(container.name for container, row in _strays(deps) if row is None)


def _strays(deps: Deps) -> Iterator[tuple[ContainerFacts, Environment | None]]:
    known = {row.id for row in deps.environments.all()}
    for container in deps.containers.list(deps.naming.labels("environment")):
        labels = _own(deps, container.labels)
        if labels.get("id") not in known:
            row = _row(labels, container)
            yield container, row if row is not None and _complete(deps, row) else None


def _own(deps: Deps, labels: Mapping[str, str]) -> dict[str, str]:
    prefix = deps.naming.label("")
    return {
        key.removeprefix(prefix): value for key, value in labels.items() if key.startswith(prefix)
    }


def _row(labels: Mapping[str, str], container: ContainerFacts) -> Environment | None:
    running = container.status == "running"
    try:
        return Environment(
            id=labels["id"],
            team=labels["team"],
            name=labels["name"],
            repo_url=labels["repo_url"],
            branch=labels["branch"],
            requested_branch=None,
            template_id=labels["template_id"],
            template=labels["template"],
            odoo_image=labels["odoo_image"],
            modules=_list(labels["modules"]),
            state=EnvironmentState.RUNNING if running else EnvironmentState.STOPPED,
            created_by=labels["created_by"],
            created_at=datetime.fromisoformat(labels["created_at"]),
            commit=labels["commit"],
            port=int(labels["port"]),
            addons=_list(labels["addons"]),
            python_deps=labels["python_deps"],
        )
    except (KeyError, ValueError):
        return None


def _complete(deps: Deps, row: Environment) -> bool:
    plan = EnvironmentPlan.of(deps.naming, row)
    return (
        row.team in deps.settings.teams
        and plan.database in deps.cluster.databases()
        and deps.volumes.facts(plan.volume) is not None
        and plan.conf.is_file()
    )


def _list(text: str) -> tuple[str, ...]:
    return tuple(text.split(",")) if text else ()
