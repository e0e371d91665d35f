"""Fill in what a call of create_environment leaves out from its template."""

from typing import Any

from oduflow.adapters.git.urls import without_user
from oduflow.adapters.store import Templates
from oduflow.domain.environment import CreateEnvironment
from oduflow.domain.errors import Failure, Invalid
from oduflow.domain.next_call import Next
from oduflow.domain.template import TemplateDefaults
from oduflow.services.deps import Deps
from oduflow.services.environments.checks import choose_template
from oduflow.settings import Settings


def with_defaults(
    templates: Templates, settings: Settings, team: str, args: CreateEnvironment
) -> CreateEnvironment:
    """Return the arguments with the template's defaults in place of what is left out.

    The default branch belongs to the default repository.

    Raises:
        Invalid: neither the call nor the template names a repository.
    """
    try:
        template = choose_template(templates, settings, team, args.template)
    except Invalid:
        if args.repo_url is None:
            raise
        return args  # an environment that exists needs no template
    defaults = template.defaults
    if args.repo_url is None and not defaults.repo_url:
        raise _no_repository(template.name)
    return args.model_copy(update=_missing(args, defaults))


def check_repository_known(deps: Deps, team: str, args: CreateEnvironment) -> None:
    """Refuse a call without a repository before it is a job, unless the template has a default.

    Raises:
        Invalid: neither names one.
    """
    if args.repo_url is None:
        with_defaults(deps.store.templates, deps.settings, team, args)


def _missing(args: CreateEnvironment, defaults: TemplateDefaults) -> dict[str, Any]:
    given = args.model_fields_set
    found: dict[str, Any] = {}
    if args.repo_url is None:
        found["repo_url"] = defaults.repo_url
    repo_url = args.repo_url or defaults.repo_url
    is_default = without_user(repo_url) == without_user(defaults.repo_url)
    if args.branch is None and defaults.branch and is_default:
        found["branch"] = defaults.branch
    if args.odoo_image is None and defaults.odoo_image:
        found["odoo_image"] = defaults.odoo_image
    for name in ("modules", "extra_repos"):
        if name not in given:
            found[name] = getattr(defaults, name)
    return found


def _no_repository(template: str) -> Failure:
    refusal = Invalid(
        f"repo_url is missing, and template {template} has no default repository.",
        "Name the addons' git repository.",
        Next.of("update_template", "gives the template a default", name=template),
    )
    refusal.argument = "repo_url"
    return refusal
