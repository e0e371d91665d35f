"""Decide what a new environment is made of, before anything is made."""

from oduflow.domain.environment import CreateEnvironment, Environment, team_is_full
from oduflow.domain.errors import Conflict, Invalid
from oduflow.domain.extra_repo import AddExtraRepo, asked_for
from oduflow.domain.template import Template, TemplateState
from oduflow.services.deps import Deps


def check_address(deps: Deps, args: CreateEnvironment | AddExtraRepo) -> None:
    """Refuse what is no repository's URL, or one of a host that may not be asked.

    Raises:
        Invalid: which of them it is.
    """
    deps.git.repositories.clean_url(args.repo_url)


def choose_template(deps: Deps, team: str, asked: str | None) -> Template:
    """Return the asked-for template, else the team's default, else its only one.

    Raises:
        Invalid: there is none of that name, or several and no default.
    """
    ready = [row for row in deps.store.templates.list(team) if row.state is TemplateState.READY]
    names = ", ".join(row.name for row in ready)
    wanted = asked or deps.settings.teams[team].default_template
    if wanted:
        found = [row for row in ready if row.name == wanted]
        if not found:
            raise Invalid(
                f"There is no template “{wanted}”.",
                f"Templates: {names}." if ready else "create_template name=base-19 makes one.",
            )
        return found[0]
    if len(ready) != 1:
        raise Invalid(
            "Several templates, and none is the default." if ready else "There is no template yet.",
            f"Pass template, one of: {names}." if ready else "create_template name=base-19.",
        )
    return ready[0]


def differences(row: Environment, args: CreateEnvironment, repo_url: str) -> tuple[str, ...]:
    """Say in what an existing environment differs from what is asked; nothing means the same."""
    asked: dict[str, tuple[object, object]] = {"repo_url": (row.repo_url, repo_url)}
    if args.branch is not None:
        asked["branch"] = (row.branch, args.branch)
    if args.template is not None:
        asked["template"] = (row.template, args.template)
    if args.odoo_image is not None:
        asked["odoo_image"] = (row.odoo_image, args.odoo_image)
    asked["modules"] = (sorted(row.modules), sorted(set(args.modules)))
    pinned = [pin.reference for pin in row.extra_repos]
    asked["extra_repos"] = (pinned, asked_for(row.extra_repos, args.extra_repos))
    return tuple(
        f"{key} is {_shown(there)}, not {_shown(wanted)}"
        for key, (there, wanted) in asked.items()
        if there != wanted
    )


def refuse_differences(row: Environment, args: CreateEnvironment, repo_url: str) -> None:
    """Answer `conflict` when the name is taken by something else.

    Raises:
        Conflict: says what differs.
    """
    differing = differences(row, args, repo_url)
    if differing:
        raise Conflict(
            f"“{row.name}” exists already and differs: {'; '.join(differing)}.",
            f"Choose another name, or delete_environment name={row.name} first.",
        )


def refuse_full_team(deps: Deps, team: str) -> None:
    """Refuse one more environment before an image is pulled and git is asked for it.

    Only a look: the row is counted again in the transaction that writes it.

    Raises:
        QuotaReached: the team has as many as it may have.
    """
    count, limit = deps.store.environments.count(team), deps.settings.teams[team].max_environments
    if count >= limit:
        raise team_is_full(count, limit)


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(value) or "none"
    return str(value)
