"""delete_environment."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.environment import EnvironmentName
from oduflow.domain.errors import Conflict
from oduflow.domain.outcome import Nothing, Outcome
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.deps import Deps
from oduflow.services.environments.delete import tear_down
from oduflow.services.environments.view import find


@operation(
    permission=Permission.ENVIRONMENT_DESTROY,
    effect=Effect.DESTROY,
    scope=Scope.ENVIRONMENT,
    lock=True,
    slow=True,
    cancellable=False,
    audit=("name",),
    rest="DELETE /environments/{name}",
)
def delete_environment(deps: Deps, call: Call, args: EnvironmentName) -> Outcome[Nothing]:
    """Delete an environment: container, database, filestore and checkout. There is no undo."""
    row = find(deps, call.actor.team, args.name)
    if row.protected:
        raise Conflict(
            f"{row.name} is protected.",
            f"protect_environment name={row.name} protected=false allows deleting it.",
        )
    deps.infrastructure.wake()
    tear_down(deps, call, row)
    return Outcome(Nothing(), f"{row.name} is deleted.")
