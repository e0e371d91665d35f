"""pull_and_apply."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.changes.inputs import PullAndApply
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
    open_world=True,
    audit=("name", "ref", "on_failure", "uninstall_removed"),
    profiles=(Profile.CODING,),
    rest="POST /environments/{name}/pull",
)
def pull_and_apply(
    deps: Deps, call: Call, args: PullAndApply, environment: Environment
) -> Outcome[CodeChanged]:
    """Pull commits and do the least that is right for Odoo, proven; edits stay."""
    return run.pull(deps, call, environment, args)
