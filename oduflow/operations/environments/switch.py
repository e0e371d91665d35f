"""switch_branch."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.changes.inputs import SwitchBranch
from oduflow.domain.changes.view import CodeChanged
from oduflow.domain.environment import Environment
from oduflow.domain.outcome import Outcome
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.deps import Deps
from oduflow.services.environments.code_change import run


@operation(
    permission=Permission.ENVIRONMENT_WRITE,
    effect=Effect.WRITE,
    scope=Scope.ENVIRONMENT,
    slow=True,
    open_world=True,
    audit=("name", "branch", "on_failure", "uninstall_removed"),
    rest="POST /environments/{name}/switch",
)
def switch_branch(
    deps: Deps, call: Call, args: SwitchBranch, environment: Environment
) -> Outcome[CodeChanged]:
    """Switch to another branch, as pull_and_apply goes to newer commits."""
    return run.switch(deps, call, environment, args)
