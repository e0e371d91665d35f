"""commit_and_push."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.edits import CommitAndPush, PushView
from oduflow.domain.environment import Environment
from oduflow.domain.outcome import Outcome
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.deps import Deps
from oduflow.services.edits import push


@operation(
    permission=Permission.ENVIRONMENT_WRITE,
    effect=Effect.WRITE,
    scope=Scope.ENVIRONMENT,
    slow=True,
    idempotent=False,
    open_world=True,
    audit=("name", "branch"),
    rest="POST /environments/{name}/edits/push",
)
def commit_and_push(
    deps: Deps, call: Call, args: CommitAndPush, environment: Environment
) -> Outcome[PushView]:
    """Commit an environment's edits and push them, never by force.

    The environment is at that commit and branch then.
    """
    return push.commit_and_push(deps, call, environment, args)
