"""Versions of a template: a new one takes the name, environments keep theirs."""

import logging
from dataclasses import replace

from oduflow.adapters.store import Templates
from oduflow.domain.errors import Failure
from oduflow.domain.template import SETTLED, Template, TemplateState
from oduflow.services.deps import Deps
from oduflow.services.templates.delete import remove_template

log = logging.getLogger(__name__)


def remove_unfinished(deps: Deps, team: str, name: str) -> None:
    """Remove what a killed creation of this name left; the caller holds the name's lock."""
    for row in deps.store.templates.versions(team, name):
        if row.state not in SETTLED:
            remove_template(deps, row)


def as_new_version(templates: Templates, wanted: Template) -> Template:
    """Return the row of the name's next version, named so that the current one keeps the name.

    It has the description and the defaults of the current one. A first version has the name.
    """
    rows = templates.versions(wanted.team, wanted.base_name)
    version = max((row.version for row in rows), default=0) + 1
    wanted = replace(wanted, version=version)
    current = templates.get(wanted.team, wanted.base_name)
    if current is None:
        return wanted
    return replace(
        wanted,
        name=wanted.version_name,
        description=current.description,
        defaults=current.defaults,
    )


def publish_version(deps: Deps, row: Template) -> Template:
    """Give a sealed version the name, and remove earlier versions that nothing uses.

    Those that environments use are removed by reconciliation after the last of these, as is one
    whose removal fails here.

    Raises:
        Failure: it could not be published, and is removed.
    """
    try:
        made = deps.store.templates.publish(row)
    except BaseException:
        remove_template(deps, row)
        raise
    try:
        _remove_unused(deps, made)
    except Failure as failure:
        log.warning("an earlier version of %s is left: %s", made.name, failure.message)
    return made


def _remove_unused(deps: Deps, made: Template) -> None:
    for earlier in deps.store.templates.versions(made.team, made.base_name):
        is_used = deps.store.environments.using_template(earlier.id)
        if earlier.state is TemplateState.RETIRED and not is_used:
            remove_template(deps, earlier)
