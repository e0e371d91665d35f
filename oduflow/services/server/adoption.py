"""Take in what Docker knows and the store does not, when it is complete.

A template is complete when its labels can be read, its team is configured and its database is
sealed; an environment when its template is known too, and database, volume, configuration and the
checkouts of its extra repos are there. Everything else that carries our label is left alone, and
told.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from oduflow.domain.container import ContainerFacts, VolumeFacts
from oduflow.domain.environment import Environment, EnvironmentState
from oduflow.domain.errors import Failure
from oduflow.domain.extra_repo import ExtraRepo, read_pins
from oduflow.domain.plan import EnvironmentPlan, TemplatePlan
from oduflow.domain.template import Template, TemplateState
from oduflow.services.deps import Deps
from oduflow.services.extra_repos import recover as extra_adoption
from oduflow.services.extra_repos.checkouts import checkouts

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Leftover:
    """Something that carries our label and belongs to nothing we know.

    Attributes:
        noun: `Container`, `Volume`, `Folder` or `Database`.
        removal: the command that removes it, where there is one.
    """

    noun: str
    name: str
    removal: str = ""


def adopt(deps: Deps) -> None:
    """Write a row for each complete extra repo, template and environment without one."""
    for _, repo in extra_adoption.strays(deps):
        if repo is not None:
            _take_in(deps, repo)
    for _, template in _stray_templates(deps):
        if template is not None:
            _take_in(deps, template)
    for _, environment in _stray_environments(deps, _templates(deps)):
        if environment is not None:
            _take_in(deps, environment)


def leftovers(deps: Deps) -> tuple[Leftover, ...]:
    """Name what carries our label, has no row, and is not complete."""
    templates = {volume.name: row for volume, row in _stray_templates(deps)}
    sources = _templates(deps) | {row.id for row in templates.values() if row is not None}
    environments = {box.name: row for box, row in _stray_environments(deps, sources)}
    known = sources | {row.id for row in deps.environments.all()}
    known |= {row.id for row in environments.values() if row is not None}

    def unknown(found: Iterable[ContainerFacts | VolumeFacts]) -> Iterator[str]:
        return (each.name for each in found if _own(deps, each.labels).get("id") not in known)

    naming = deps.naming
    containers = [
        *(name for name, row in environments.items() if row is None),
        *unknown(deps.containers.list(naming.labels("once"))),
    ]
    volumes = [
        *(name for name, row in templates.items() if row is None),
        *unknown(deps.volumes.list(naming.labels("environment"))),
    ]
    databases = sorted(deps.cluster.databases())
    return (
        *(Leftover("Container", name, f"docker rm -f {name}") for name in containers),
        *(Leftover("Volume", name, f"docker volume rm {name}") for name in volumes),
        *(Leftover("Folder", path) for path, row in extra_adoption.strays(deps) if row is None),
        *(Leftover("Database", name) for name in databases if name.partition("_")[2] not in known),
    )


def _take_in(deps: Deps, row: Environment | ExtraRepo | Template) -> None:
    try:
        if isinstance(row, Environment):
            deps.environments.add(row, limit=None)
        elif isinstance(row, ExtraRepo):
            deps.extra_repos.add(row)
        else:
            deps.templates.add(row)
    except Failure as failure:
        log.warning("%s/%s was not adopted: %s", row.team, row.name, failure.message)
    else:
        log.warning("adopted %s/%s, which the store did not know", row.team, row.name)


def _stray_templates(deps: Deps) -> Iterator[tuple[VolumeFacts, Template | None]]:
    # Looked at before the rows: whatever is being made has its row already.
    volumes = deps.volumes.list(deps.naming.labels("template"))
    known = _templates(deps)
    strays = [each for each in volumes if _own(deps, each.labels).get("id") not in known]
    sealed = deps.cluster.sealed() if strays else set()
    for volume in strays:
        row = _template(_own(deps, volume.labels))
        whole = (
            row is not None
            and row.team in deps.settings.teams
            and TemplatePlan.of(deps.naming, row).database in sealed
        )
        yield volume, row if whole else None


def _stray_environments(
    deps: Deps, templates: set[str]
) -> Iterator[tuple[ContainerFacts, Environment | None]]:
    containers = deps.containers.list(deps.naming.labels("environment"))
    known = {row.id for row in deps.environments.all()}
    for container in containers:
        labels = _own(deps, container.labels)
        if labels.get("id") not in known:
            row = _environment(labels, container)
            whole = row is not None and row.template_id in templates and _complete(deps, row)
            yield container, row if whole else None


def _templates(deps: Deps) -> set[str]:
    return {row.id for row in deps.templates.all()}


def _own(deps: Deps, labels: Mapping[str, str]) -> dict[str, str]:
    prefix = deps.naming.label("")
    return {
        key.removeprefix(prefix): value for key, value in labels.items() if key.startswith(prefix)
    }


def _template(labels: Mapping[str, str]) -> Template | None:
    try:
        return Template(
            id=labels["id"],
            team=labels["team"],
            name=labels["name"],
            odoo_image=labels["odoo_image"],
            modules=_list(labels["modules"]),
            state=TemplateState.READY,
            created_by=labels["created_by"],
            created_at=datetime.fromisoformat(labels["created_at"]),
        )
    except (KeyError, ValueError):
        return None


def _environment(labels: Mapping[str, str], container: ContainerFacts) -> Environment | None:
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
            extra_repos=read_pins(labels.get("extra_repos", "[]")),
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
        and all(checkout.is_dir() for checkout in checkouts(deps, row))
    )


def _list(text: str) -> tuple[str, ...]:
    return tuple(text.split(",")) if text else ()
