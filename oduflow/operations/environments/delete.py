"""delete_environment."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.environment import Environment, EnvironmentName
from oduflow.domain.errors import Conflict
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import Nothing, Outcome
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, Profile, operation
from oduflow.services.deps import Deps
from oduflow.services.environments.delete import free_room_for, remove_environment
from oduflow.services.move_journal import refuse_during_move


@operation(
    permission=Permission.ENVIRONMENT_DESTROY,
    effect=Effect.DESTROY,
    scope=Scope.ENVIRONMENT,
    slow=True,
    cancellable=False,
    audit=("name",),
    profiles=(Profile.CODING,),
    rest="DELETE /environments/{name}",
)
def delete_environment(
    deps: Deps, call: Call, args: EnvironmentName, environment: Environment
) -> Outcome[Nothing]:
    """Delete an environment: container, database, filestore and checkout. There is no undo."""
    if environment.protected:
        raise Conflict(
            f"{environment.name} is protected.",
            "",
            Next.of(
                "protect_environment",
                "allows deleting it",
                name=environment.name,
                protected=False,
            ),
        )
    refuse_during_move(deps.store.facts, environment.team)
    free_room_for(deps, environment)
    deps.infrastructure.wake(call.actor.team)
    remove_environment(deps, call, environment)
    return Outcome(Nothing(), f"{environment.name} is deleted.")
