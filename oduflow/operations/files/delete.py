"""delete_file."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.environment import Environment
from oduflow.domain.files import DeleteFile, FileChange
from oduflow.domain.outcome import Outcome
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.deps import Deps
from oduflow.services.edits import write


@operation(
    permission=Permission.ENVIRONMENT_WRITE,
    effect=Effect.WRITE,
    scope=Scope.ENVIRONMENT,
    audit=("name", "path"),
    rest="POST /environments/{name}/files/delete",
)
def delete_file(
    deps: Deps, call: Call, args: DeleteFile, environment: Environment
) -> Outcome[FileChange]:
    """Delete a file of an environment's repository, without a commit."""
    return write.delete_file(deps, environment, args)
