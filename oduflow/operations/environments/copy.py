"""copy_environment."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.environment import CopyEnvironment, Environment, EnvironmentView
from oduflow.domain.outcome import Outcome
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.deps import Deps
from oduflow.services.environments.copy import check_names, make_copy


@operation(
    permission=Permission.ENVIRONMENT_WRITE,
    effect=Effect.WRITE,
    scope=Scope.ENVIRONMENT,
    locks={"new_name": Scope.NEW_ENVIRONMENT},
    slow=True,
    idempotent=False,
    audit=("name", "new_name"),
    check=check_names,
    rest="POST /environments/{name}/copy",
)
def copy_environment(
    deps: Deps, call: Call, args: CopyEnvironment, environment: Environment
) -> Outcome[EnvironmentView]:
    """Copy an environment under a new name: database, filestore, commit and edits.

    The source pauses for a moment and serves on. Use a copy to try what may go wrong.
    """
    return make_copy(deps, call, environment, args)
