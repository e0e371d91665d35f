"""list_modules."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.counting import counted
from oduflow.domain.environment import Environment, ListModules, ModuleList
from oduflow.domain.outcome import Outcome
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.deps import Deps
from oduflow.services.environments.modules import list_of_modules


@operation(
    permission=Permission.ENVIRONMENT_READ,
    effect=Effect.READ,
    scope=Scope.ENVIRONMENT,
    audit=("name",),
    rest="GET /environments/{name}/modules",
)
def list_modules(
    deps: Deps, call: Call, args: ListModules, environment: Environment
) -> Outcome[ModuleList]:
    """List the modules of an environment's repositories with version, source and state."""
    found = list_of_modules(deps, environment, args)
    return Outcome(found, f"{environment.name}: {counted(len(found.modules), 'module')}.")
