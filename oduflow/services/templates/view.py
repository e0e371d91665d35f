"""Find templates, and show them with the environments cloned from them."""

from oduflow.domain.errors import NotFound
from oduflow.domain.template import Template, TemplateView
from oduflow.services.deps import Deps


def find(deps: Deps, team: str, name: str) -> Template:
    """Return the team's template.

    Raises:
        NotFound: the team has none of that name.
    """
    row = deps.store.templates.get(team, name)
    if row is None:
        raise NotFound(f"There is no template “{name}”.", "list_templates shows those there are.")
    return row


def view(deps: Deps, row: Template) -> TemplateView:
    """Show a row, and the environments that use it."""
    return TemplateView.of(row, deps.store.environments.using_template(row.id))
