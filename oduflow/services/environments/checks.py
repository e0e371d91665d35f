"""Decide what a new environment is made of, before anything is made."""

import re

from oduflow.domain.container import ImageFacts
from oduflow.domain.environment import CreateEnvironment, Environment, team_is_full
from oduflow.domain.errors import Conflict, Invalid
from oduflow.domain.extra_repo import AddExtraRepo, asked_for
from oduflow.domain.template import Template, TemplateState
from oduflow.services.deps import Deps

# One or two digits at a tag's start: `19.0-20260101`, but no bare date.
_VERSION = re.compile(r"(?P<major>\d{1,2})(?:\.\d+)?(?!\d)")


def check_address(deps: Deps, args: CreateEnvironment | AddExtraRepo) -> None:
    """Refuse what is no repository's URL, or one of a host that may not be asked.

    Raises:
        Invalid: which of them it is.
    """
    deps.git.clean_url(args.repo_url)


def choose_template(deps: Deps, team: str, asked: str | None) -> Template:
    """Return the asked-for template, else the team's default, else its only one.

    Raises:
        Invalid: there is none of that name, or several and no default.
    """
    ready = [row for row in deps.templates.list(team) if row.state is TemplateState.READY]
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


def check_version(template: Template, image: str) -> None:
    """Refuse an image of another major version than the template's database.

    Raises:
        Invalid: the majors differ.
    """
    theirs, ours = _major(image), _major(template.odoo_image)
    if theirs and ours and theirs != ours:
        raise Invalid(
            f"{image} is another major version than template {template.name} "
            f"({template.odoo_image}).",
            "Leave odoo_image out, or make a template with that image.",
        )


def check_repository(pattern: str, image: str | None) -> None:
    """Refuse an image that a tenant took from anywhere but the operator's repository.

    Args:
        pattern: `[images] odoo`, such as `odoo:{version}`.
        image: the asked-for one; None was not asked for, so it is the operator's.

    Raises:
        Invalid: its repository is another one.
    """
    ours = ".+".join(map(re.escape, _repository(pattern).split("{version}")))
    if image is not None and not re.fullmatch(ours, _repository(image)):
        raise Invalid(
            f"{image} is no image of the configured repository.",
            f"Leave odoo_image out, or name one like {pattern} ([images] odoo).",
        )


def check_user(image: ImageFacts) -> None:
    """Refuse an image that would run Odoo, and with it a tenant's code, as root.

    Raises:
        Invalid: its user is root.
    """
    if image.uid == 0:
        raise Invalid(
            f"{image.reference} runs as root.",
            "Use an image whose USER is another one, such as Docker Hub's odoo.",
        )


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
    count, limit = deps.environments.count(team), deps.settings.teams[team].max_environments
    if count >= limit:
        raise team_is_full(count, limit)


def _major(image: str) -> str:
    found = _VERSION.match(image.partition("@")[0].removeprefix(_repository(image))[1:])
    return found["major"] if found else ""


def _repository(image: str) -> str:
    # A colon before the last slash parts a registry from its port, not a name from its tag.
    folder, slash, name = image.partition("@")[0].rpartition("/")
    return f"{folder}{slash}{name.partition(':')[0]}"


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(value) or "none"
    return str(value)
