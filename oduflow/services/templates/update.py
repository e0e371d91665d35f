"""Change what a template is called, says about itself, and gives environments by default."""

from oduflow.adapters.store import Templates
from oduflow.domain.errors import Conflict
from oduflow.domain.extra_repo import split_reference
from oduflow.domain.outcome import Outcome
from oduflow.domain.template import (
    RenameTemplate,
    Template,
    TemplateState,
    TemplateView,
    UpdateTemplate,
)
from oduflow.services.deps import Deps
from oduflow.services.extra_repos.view import find_extra_repo
from oduflow.services.groups import StoreGroup
from oduflow.services.images import check_repository, check_version
from oduflow.services.templates.view import find_template, template_view
from oduflow.settings import Settings

_DEFAULTS = ("branch", "extra_repos", "modules", "odoo_image", "repo_url")


def rename(
    store: StoreGroup, settings: Settings, team: str, args: RenameTemplate
) -> Outcome[TemplateView]:
    """Rename a template with its earlier versions.

    Raises:
        Conflict: the new name is taken, or the template is being made or deleted.
        NotFound: the team has none of that name.
    """
    row = _ready(store.templates, team, args.name)
    if args.new_name != row.name:
        store.templates.rename(team, row.name, args.new_name)
    renamed = find_template(store.templates, team, args.new_name)
    is_default = row.name == settings.teams[team].default_template != args.new_name
    warning = (
        f"default_template of [team.{team}] in oduflow.toml is still {row.name}: an operator has "
        f"to write {args.new_name} there."
    )
    return Outcome(
        template_view(store, renamed),
        f"Template {row.name} is {renamed.name} now.",
        warnings=(warning,) if is_default else (),
    )


def update(deps: Deps, team: str, args: UpdateTemplate) -> Outcome[TemplateView]:
    """Change what is given, and return the template.

    Raises:
        Conflict: the template is being made or deleted.
        Invalid: a default is not allowed: the repository, or an image of another major version.
        NotFound: the team has no such template or extra repo.
    """
    row = _ready(deps.store.templates, team, args.name)
    given = {name: value for name in _DEFAULTS if (value := getattr(args, name)) is not None}
    if given.get("repo_url"):
        given["repo_url"] = deps.git.repositories.clean_url(given["repo_url"])
    if given.get("odoo_image"):
        check_repository(deps.settings.images.odoo, given["odoo_image"])
        check_version(row, given["odoo_image"])
    for reference in given.get("extra_repos", ()):
        find_extra_repo(deps.store.extra_repos, team, split_reference(reference)[0])
    changed = deps.store.templates.update(
        row.id,
        description=row.description if args.description is None else args.description,
        defaults=row.defaults.model_copy(update=given),
    )
    shown = template_view(deps.store, changed)
    return Outcome(shown, f"Template {row.name} is updated.")


def _ready(templates: Templates, team: str, name: str) -> Template:
    row = find_template(templates, team, name)
    if row.state is not TemplateState.READY:
        raise Conflict(f"Template {name} is {row.state}.", "Call again when that has ended.")
    return row
