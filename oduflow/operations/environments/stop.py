"""stop_environment."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.environment import Environment, EnvironmentName, EnvironmentView
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import Outcome
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.deps import Deps
from oduflow.services.environments.stop import stop
from oduflow.services.environments.unfinished import refuse_unfinished
from oduflow.services.environments.view import environment_view


@operation(
    permission=Permission.ENVIRONMENT_WRITE,
    effect=Effect.WRITE,
    files=False,
    scope=Scope.ENVIRONMENT,
    audit=("name",),
    rest="POST /environments/{name}/stop",
)
def stop_environment(
    deps: Deps, call: Call, args: EnvironmentName, environment: Environment
) -> Outcome[EnvironmentView]:
    """Stop an environment; its data and its port are kept."""
    refuse_unfinished(deps, environment)
    shown = environment_view(deps, stop(deps, environment))
    again = Next.of("start_environment", "starts it again", name=args.name)
    return Outcome(shown, f"{shown.name} is stopped.", next=(again,))
