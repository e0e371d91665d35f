"""Find templates, and build their views."""

from collections.abc import Mapping

from oduflow.adapters.store import Templates
from oduflow.domain.storage import MeasuredSize
from oduflow.domain.template import (
    Template,
    TemplateDetail,
    TemplateName,
    TemplateView,
    no_template,
)
from oduflow.services.deps import Deps
from oduflow.services.groups import StoreGroup


def find_template(templates: Templates, team: str, name: str) -> Template:
    """Return the team's template of that name.

    Raises:
        NotFound: the team has none of that name.
    """
    row = templates.get(team, name)
    if row is None:
        raise no_template(name)
    return row


def template_view(
    store: StoreGroup, row: Template, sizes: Mapping[str, MeasuredSize] | None = None
) -> TemplateView:
    """Return the template's view, with the environments cloned from it and what it takes on disk.

    Args:
        store: the tables.
        row: the template.
        sizes: what everything of its team takes, for a caller that has read it.
    """
    measured = store.sizes.of(row.team) if sizes is None else sizes
    cloned = store.environments.using_template(row.id)
    return TemplateView.of(row, cloned, measured.get(row.id))


def template_detail(store: StoreGroup, row: Template) -> TemplateDetail:
    """Return the template's view with the proof that it was neutralised."""
    return TemplateDetail(
        template=template_view(store, row), neutralised=row.neutralised, imported=row.imported
    )


def check_template_exists(deps: Deps, team: str, args: TemplateName) -> None:
    """Refuse a call about a template that the team does not have.

    Raises:
        NotFound: the team has none of that name.
    """
    find_template(deps.store.templates, team, args.name)
