"""Check the arguments of create_environment before anything is created."""

from oduflow.adapters.git.urls import without_user
from oduflow.adapters.store import Environments, Templates
from oduflow.domain.differences import differences_between
from oduflow.domain.environment import CreateEnvironment, Environment, team_is_full
from oduflow.domain.errors import Conflict, Invalid
from oduflow.domain.extra_repo import AddExtraRepo, asked_for
from oduflow.domain.next_call import Next
from oduflow.domain.template import Template, TemplateState
from oduflow.services.deps import Deps
from oduflow.settings import Settings

FIRST_TEMPLATE = Next.of("create_template", "creates the first one", name="base-19")


def check_address(deps: Deps, args: CreateEnvironment | AddExtraRepo) -> None:
    """Refuse a URL that is not a git repository's, or whose host is not allowed.

    Raises:
        Invalid: the URL is refused; the message says why.
    """
    if args.repo_url is None:
        return  # the template's, which was checked
    try:
        deps.git.repositories.clean_url(args.repo_url)
    except Invalid as refusal:
        refusal.argument = "repo_url"
        raise


def choose_template(
    templates: Templates, settings: Settings, team: str, asked: str | None
) -> Template:
    """Return the requested template, else the team's default, else its only one.

    Raises:
        Invalid: there is no template of that name, or several and no default.
    """
    ready = [row for row in templates.list(team) if row.state is TemplateState.READY]
    names = ", ".join(row.name for row in ready)
    wanted = asked or settings.teams[team].default_template
    if wanted:
        found = [row for row in ready if row.name == wanted]
        if not found:
            raise Invalid(
                f"There is no template “{wanted}”.",
                f"Templates: {names}." if ready else "",
                *(() if ready else (FIRST_TEMPLATE,)),
            )
        return found[0]
    if len(ready) != 1:
        raise Invalid(
            "Several templates, and none is the default." if ready else "There is no template yet.",
            f"Choose a template, one of: {names}." if ready else "",
            *(() if ready else (FIRST_TEMPLATE,)),
        )
    return ready[0]


def differences(row: Environment, args: CreateEnvironment, repo_url: str) -> tuple[str, ...]:
    """List how an existing environment differs from the requested one; empty if it does not."""
    asked: dict[str, tuple[object, object]] = {}
    if without_user(row.repo_url) != without_user(repo_url):
        asked["repo_url"] = (row.repo_url, repo_url)
    if args.branch is not None:
        asked["branch"] = (row.branch, args.branch)
    if args.template is not None:
        asked["template"] = (row.template, args.template)
    if args.odoo_image is not None:
        asked["odoo_image"] = (row.odoo_image, args.odoo_image)
    asked["modules"] = (sorted(row.modules), sorted(set(args.modules)))
    pinned = [pin.reference for pin in row.extra_repos]
    asked["extra_repos"] = (pinned, asked_for(row.extra_repos, args.extra_repos))
    return differences_between(asked)


def refuse_differences(row: Environment, args: CreateEnvironment, repo_url: str) -> None:
    """Refuse to create another environment under an existing name.

    Raises:
        Conflict: names each difference.
    """
    differing = differences(row, args, repo_url)
    if differing:
        raise Conflict(
            f"“{row.name}” exists already and differs: {'; '.join(differing)}.",
            "Choose another name, or delete the existing one first.",
            Next.of("get_environment", "shows the existing one", name=row.name),
        )


def refuse_full_team(environments: Environments, settings: Settings, team: str) -> None:
    """Refuse another environment of a full team before an image is pulled or git is called.

    The transaction that writes the row checks the limit again, because another call may have
    created an environment meanwhile.

    Raises:
        QuotaReached: the team has reached max_environments.
    """
    count, limit = environments.count(team), settings.teams[team].max_environments
    if count >= limit:
        raise team_is_full(count, limit)
