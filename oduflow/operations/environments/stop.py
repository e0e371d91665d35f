"""stop_environment."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.environment import EnvironmentName, EnvironmentView
from oduflow.domain.outcome import Outcome
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.deps import Deps
from oduflow.services.environments.lifecycle import stop, take_up
from oduflow.services.environments.view import view


@operation(
    permission=Permission.ENVIRONMENT_WRITE,
    effect=Effect.WRITE,
    scope=Scope.ENVIRONMENT,
    lock=True,
    audit=("name",),
    rest="POST /environments/{name}/stop",
)
def stop_environment(deps: Deps, call: Call, args: EnvironmentName) -> Outcome[EnvironmentView]:
    """Stop an environment; its data and its port are kept."""
    shown = view(deps, stop(deps, take_up(deps, call.actor.team, args.name)))
    return Outcome(
        shown, f"{shown.name} is stopped.", next=(f"start_environment name={args.name}",)
    )
