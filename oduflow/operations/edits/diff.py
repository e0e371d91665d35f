"""diff_edits."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.edits import DiffEdits, EditsView
from oduflow.domain.environment import Environment
from oduflow.domain.outcome import Outcome
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.deps import Deps
from oduflow.services.edits import changes


@operation(
    permission=Permission.ENVIRONMENT_READ,
    effect=Effect.READ,
    scope=Scope.ENVIRONMENT,
    audit=("name",),
    rest="GET /environments/{name}/edits",
)
def diff_edits(
    deps: Deps, call: Call, args: DiffEdits, environment: Environment
) -> Outcome[EditsView]:
    """Show the edits of an environment that are not committed, as a diff."""
    return changes.diff_edits(deps.naming, deps.git.repositories, environment, args)
