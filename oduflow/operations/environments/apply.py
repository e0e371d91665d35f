"""apply_changes."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.changes.inputs import ApplyChanges
from oduflow.domain.changes.view import CodeChanged
from oduflow.domain.environment import Environment
from oduflow.domain.outcome import Outcome
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, Profile, operation
from oduflow.services.deps import Deps
from oduflow.services.environments.code_change import run


@operation(
    permission=Permission.ENVIRONMENT_WRITE,
    effect=Effect.WRITE,
    scope=Scope.ENVIRONMENT,
    slow=True,
    audit=("name", "on_failure", "uninstall_removed"),
    profiles=(Profile.CODING,),
    rest="POST /environments/{name}/apply",
)
def apply_changes(
    deps: Deps, call: Call, args: ApplyChanges, environment: Environment
) -> Outcome[CodeChanged]:
    """Apply edited files to Odoo, as pull_and_apply does with commits."""
    return run.apply(deps, call, environment, args)
