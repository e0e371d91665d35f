"""Return the environment that create_environment asks for: the existing one, or a new one."""

from oduflow.domain.branch_check import moved_warning, pull_step
from oduflow.domain.clock import now
from oduflow.domain.environment import (
    UNFINISHED,
    CreateEnvironment,
    Environment,
    EnvironmentState,
    EnvironmentView,
)
from oduflow.domain.errors import Conflict, Failure
from oduflow.domain.names import new_id
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import Outcome
from oduflow.domain.plan import TemplatePlan
from oduflow.kernel.call import Call
from oduflow.services.branches import default_head
from oduflow.services.deps import Deps
from oduflow.services.environments.checks import (
    choose_template,
    refuse_differences,
    refuse_full_team,
)
from oduflow.services.environments.creation import provision
from oduflow.services.environments.defaults import with_defaults
from oduflow.services.environments.delete import remove_environment
from oduflow.services.environments.source import TemplateSource
from oduflow.services.environments.view import current_view, environment_view
from oduflow.services.extra_repos.checkouts import choose_pins
from oduflow.services.filestore import require_room_for_filestore
from oduflow.services.images import (
    check_repository,
    check_user,
    check_version,
    ensure_image,
    run_as,
)
from oduflow.services.move_journal import refuse_during_move
from oduflow.services.retry import retry_of, suggesting_retry
from oduflow.services.room import require_infrastructure, require_room_for_clone

BRANCH_SECONDS = 5.0  # how long to wait for the git server


def ensure_environment(deps: Deps, call: Call, args: CreateEnvironment) -> Outcome[EnvironmentView]:
    """Return the environment if it exists, else create it.

    However far a creation came before it failed, the same call with corrected values creates the
    environment, and the failure suggests that call. What is kept until then depends on the cause:

    - Odoo did not install the modules or did not serve: the environment stays as `failed`, with
      its log and its database. The next creation replaces it unless it was protected.
    - Anything else, such as a missing branch or a full disk: nothing is kept.

    An environment that has served and failed later is never replaced: it may hold data.

    Raises:
        Conflict: an environment of that name exists and differs, or failed after it had served.
        QuotaReached: the team has reached max_environments.
        Failure: it could not be created.
    """
    team = call.actor.team
    args = with_defaults(deps.store.templates, deps.settings, team, args)
    repo_url = deps.git.repositories.clean_url(args.repo_url or "")
    retry = retry_of("create_environment", args, repo_url=repo_url)
    with suggesting_retry(retry):
        existing = deps.store.environments.get(team, args.name)
        if existing is not None and existing.state in UNFINISHED:
            # This call holds the name's lock, so the process that began the row is dead.
            deps.infrastructure.wake(team)
            remove_environment(deps, call, existing)
            existing = None
        if existing is not None and not existing.replaceable:
            return _existing(deps, existing, args, repo_url)
        try:
            return _create(deps, call, args, repo_url, retry, failed=existing)
        except Failure as failure:
            if deps.store.environments.get(team, args.name) is None:
                failure.hint = f"{failure.hint} {args.name} was not created.".lstrip()
            raise


def _create(
    deps: Deps,
    call: Call,
    args: CreateEnvironment,
    repo_url: str,
    retry: Next,
    *,
    failed: Environment | None,
) -> Outcome[EnvironmentView]:
    """Create the environment in place of the `failed` one of its name, if there is one."""
    team = call.actor.team
    refuse_during_move(deps.store.facts, team)  # said before the images and the branch are fetched
    if failed is None:
        refuse_full_team(deps.store.environments, deps.settings, team)
    require_infrastructure(deps, team, lambda line: call.report("database", line))
    template = choose_template(deps.store.templates, deps.settings, team, args.template)
    plan = TemplatePlan.of(deps.naming, template)
    require_room_for_clone(deps, plan)
    odoo_image = args.odoo_image or template.odoo_image
    check_repository(deps.settings.images.odoo, args.odoo_image)
    check_version(template, odoo_image)
    image = ensure_image(deps, team, odoo_image, lambda line: call.report("image", line))
    check_user(image)
    image = run_as(image, uid := deps.engine.team_user(team))
    require_room_for_filestore(deps, plan, image)
    pins = choose_pins(deps.store.extra_repos, team, args.extra_repos)
    branch, newest = args.branch, ""
    if not branch:
        head = default_head(deps.git.repositories, call, repo_url)
        branch, newest = head.branch, head.commit
    if failed is not None:  # kept until here: a mistyped template says nothing about it
        remove_environment(deps, call, failed)
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
        served=False,
        uid=uid,
    )
    source = TemplateSource(deps.naming, template)
    made = provision(deps, call, row, source, image, retry, newest)
    shown = environment_view(deps, made)
    replaced = f"It replaces {shown.name}, whose creation had failed."
    return Outcome(
        shown,
        f"{shown.name} serves branch {shown.branch} at {shown.url}",
        warnings=(replaced,) if failed is not None else (),
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
        f"{shown.name} exists already and {shown.state.sentence}.",
        warnings=moved_warning(shown.name, shown.branch, check),
        next=pull_step(shown.name, check),
    )
