"""list_environments."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.counting import counted
from oduflow.domain.environment import EnvironmentList
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import Nothing, Outcome
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, Profile, operation
from oduflow.services.deps import Deps
from oduflow.services.environments.view import environment_views


@operation(
    permission=Permission.ENVIRONMENT_READ,
    effect=Effect.READ,
    scope=Scope.OWN,
    profiles=(Profile.CODING,),
    rest="GET /environments",
)
def list_environments(deps: Deps, call: Call, args: Nothing) -> Outcome[EnvironmentList]:
    """List the team's environments with state, branch, template and URL."""
    found = environment_views(deps, call.actor)
    if call.actor.environments is not None:
        return Outcome(
            EnvironmentList(environments=found), f"{counted(len(found), 'environment')}."
        )
    limit = deps.settings.teams[call.actor.team].max_environments
    steps = () if found else (Next.of("create_environment", "creates the first one"),)
    return Outcome(
        EnvironmentList(environments=found),
        f"{len(found)} of {counted(limit, 'environment')} in use.",
        next=steps,
    )
