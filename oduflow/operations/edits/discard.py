"""discard_edits."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.edits import DiscardEdits, EditsView
from oduflow.domain.environment import Environment
from oduflow.domain.outcome import Outcome
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.deps import Deps
from oduflow.services.edits import changes


@operation(
    permission=Permission.ENVIRONMENT_WRITE,
    effect=Effect.WRITE,
    scope=Scope.ENVIRONMENT,
    idempotent=False,
    audit=("name",),
    rest="POST /environments/{name}/edits/discard",
)
def discard_edits(
    deps: Deps, call: Call, args: DiscardEdits, environment: Environment
) -> Outcome[EditsView]:
    """Make edited files what they are in the environment's commit; can be undone."""
    return changes.discard_edits(deps, environment, args)
