"""get_environment."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.branch_check import moved_warning, pull_step
from oduflow.domain.environment import Environment, EnvironmentName, EnvironmentView
from oduflow.domain.outcome import Outcome
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, Profile, operation
from oduflow.services.deps import Deps
from oduflow.services.environments.states import count_edits
from oduflow.services.environments.view import current_view

BRANCH_SECONDS = 1.5  # how long to wait for the git server


@operation(
    permission=Permission.ENVIRONMENT_READ,
    effect=Effect.READ,
    scope=Scope.ENVIRONMENT,
    audit=("name",),
    profiles=(Profile.CODING,),
    rest="GET /environments/{name}",
)
def get_environment(
    deps: Deps, call: Call, args: EnvironmentName, environment: Environment
) -> Outcome[EnvironmentView]:
    """Show one environment: state, URL, error, edits, and whether its branch has moved on."""
    check = deps.branches.current(environment, wait=BRANCH_SECONDS)
    shown = current_view(deps, environment)
    shown = shown.model_copy(update={"edits": count_edits(deps.naming, deps.git, environment)})
    where = f" at {shown.url}" if shown.url else ""
    problem = deps.infrastructure.databases.problem(environment.team)
    return Outcome(
        shown,
        f"{shown.name} {shown.state.sentence}{where}.",
        warnings=(
            *((f"Its database cannot be used: {problem}",) if problem else ()),
            *moved_warning(shown.name, shown.branch, check),
        ),
        next=pull_step(shown.name, check),
    )
