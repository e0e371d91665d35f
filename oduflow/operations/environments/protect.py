"""protect_environment."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.environment import Environment, EnvironmentView, ProtectEnvironment
from oduflow.domain.outcome import Outcome
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.deps import Deps
from oduflow.services.environments.view import current_view


@operation(
    permission=Permission.ENVIRONMENT_WRITE,
    effect=Effect.WRITE,
    files=False,
    scope=Scope.ENVIRONMENT,
    audit=("name", "protected"),
    rest="POST /environments/{name}/protect",
)
def protect_environment(
    deps: Deps, call: Call, args: ProtectEnvironment, environment: Environment
) -> Outcome[EnvironmentView]:
    """Protect an environment from deletion, or remove the protection."""
    shown = current_view(
        deps, deps.store.environments.update(environment.id, protected=args.protected)
    )
    return Outcome(shown, f"{shown.name} {'is' if shown.protected else 'is not'} protected.")
