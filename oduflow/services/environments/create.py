"""Return the environment that create_environment asks for: the existing one, or a new one."""

from oduflow.domain.branch_check import moved_warning
from oduflow.domain.clock import now
from oduflow.domain.environment import (
    UNFINISHED,
    CreateEnvironment,
    Environment,
    EnvironmentState,
    EnvironmentView,
)
from oduflow.domain.errors import Conflict
from oduflow.domain.names import new_id
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import Outcome
from oduflow.kernel.call import Call
from oduflow.services.deps import Deps
from oduflow.services.environments.checks import (
    choose_template,
    refuse_differences,
    refuse_full_team,
)
from oduflow.services.environments.creation import provision
from oduflow.services.environments.delete import remove_environment
from oduflow.services.environments.source import TemplateSource
from oduflow.services.environments.view import current_view, environment_view
from oduflow.services.extra_repos.checkouts import choose_pins
from oduflow.services.images import check_repository, check_user, check_version

BRANCH_SECONDS = 5.0  # how long to wait for the git server


def ensure_environment(deps: Deps, call: Call, args: CreateEnvironment) -> Outcome[EnvironmentView]:
    """Return the environment if it exists, else create it.

    Raises:
        Conflict: an environment of that name exists and differs or failed.
        QuotaReached: the team has reached max_environments.
        Failure: it could not be created, and everything created for it was removed.
    """
    team = call.actor.team
    repo_url = deps.git.repositories.clean_url(args.repo_url)
    existing = deps.store.environments.get(team, args.name)
    if existing is not None and existing.state in UNFINISHED:
        # This call holds the name's lock, so the process that began the row is dead.
        deps.infrastructure.wake()
        remove_environment(deps, call, existing)
        existing = None
    if existing is not None:
        return _existing(deps, existing, args, repo_url)
    refuse_full_team(deps, team)
    deps.infrastructure.require()
    template = choose_template(deps, team, args.template)
    odoo_image = args.odoo_image or template.odoo_image
    check_repository(deps.settings.images.odoo, args.odoo_image)
    check_version(template, odoo_image)
    image = deps.engine.images.ensure(odoo_image, lambda line: call.report("image", line))
    check_user(image)
    pins = choose_pins(deps.store.extra_repos, team, args.extra_repos)
    branch = args.branch or deps.git.repositories.resolve_branch(repo_url, None, team=team).branch
    row = Environment(
        id=new_id(),
        team=team,
        name=args.name,
        repo_url=repo_url,
        branch=branch,
        requested_branch=args.branch,
        template_id=template.id,
        template=template.name,
        odoo_image=odoo_image,
        modules=tuple(sorted(set(args.modules))),
        state=EnvironmentState.CREATING,
        created_by=str(call.actor),
        created_at=now(),
        step="reserve",
        job=call.job,
        extra_repos=pins,
    )
    made = provision(deps, call, row, TemplateSource(deps.naming, template), image)
    shown = environment_view(deps, made)
    return Outcome(
        shown,
        f"{shown.name} serves branch {shown.branch} at {shown.url}",
        next=(Next.of("get_environment_login", "shows how to sign in", name=shown.name),),
    )


def _existing(
    deps: Deps, row: Environment, args: CreateEnvironment, repo_url: str
) -> Outcome[EnvironmentView]:
    refuse_differences(row, args, repo_url)
    check = deps.branches.current(row, wait=BRANCH_SECONDS)
    shown = current_view(deps, row)
    if shown.state is EnvironmentState.FAILED:
        raise Conflict(
            f"“{row.name}” exists already and failed: "
            f"{shown.error.message if shown.error else 'see its log'}",
            "Delete it before you create it again.",
            Next.of("get_environment", "says why it failed", name=row.name),
        )
    return Outcome(
        shown,
        f"{shown.name} exists already and is {shown.state}.",
        warnings=moved_warning(shown.name, shown.branch, check),
    )
