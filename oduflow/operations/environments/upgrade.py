"""upgrade_modules."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.environment import Environment
from oduflow.domain.module_change import ChangeModules, ModuleAction, ModulesChanged
from oduflow.domain.outcome import Outcome
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.deps import Deps
from oduflow.services.environments.module_change.run import change_modules, snapshot_if_possible


@operation(
    permission=Permission.ENVIRONMENT_WRITE,
    effect=Effect.WRITE,
    scope=Scope.ENVIRONMENT,
    slow=True,
    idempotent=False,
    audit=("name", "modules", "without_snapshot"),
    undo=snapshot_if_possible,
    rest="POST /environments/{name}/modules/upgrade",
)
def upgrade_modules(
    deps: Deps, call: Call, args: ChangeModules, environment: Environment
) -> Outcome[ModulesChanged]:
    """Upgrade installed modules and what depends on them, prove it, and serve their code."""
    return change_modules(deps, call, environment, ModuleAction.UPGRADE, args)
