"""start_environment."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.environment import Environment, EnvironmentName, EnvironmentView
from oduflow.domain.outcome import Outcome
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.deps import Deps
from oduflow.services.environments.start import start
from oduflow.services.environments.unfinished import refuse_unfinished
from oduflow.services.environments.view import environment_view


@operation(
    permission=Permission.ENVIRONMENT_WRITE,
    effect=Effect.WRITE,
    scope=Scope.ENVIRONMENT,
    slow=True,
    audit=("name",),
    rest="POST /environments/{name}/start",
)
def start_environment(
    deps: Deps, call: Call, args: EnvironmentName, environment: Environment
) -> Outcome[EnvironmentView]:
    """Start a stopped environment and wait until it serves."""
    refuse_unfinished(deps, environment)
    shown = environment_view(deps, start(deps, call, environment))
    return Outcome(shown, f"{shown.name} serves at {shown.url}")
