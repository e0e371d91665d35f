"""list_files."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.environment import Environment
from oduflow.domain.files import FileList, ListFiles
from oduflow.domain.outcome import Outcome
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.deps import Deps
from oduflow.services.edits import read


@operation(
    permission=Permission.ENVIRONMENT_READ,
    effect=Effect.READ,
    scope=Scope.ENVIRONMENT,
    audit=("name", "path"),
    rest="GET /environments/{name}/files",
)
def list_files(
    deps: Deps, call: Call, args: ListFiles, environment: Environment
) -> Outcome[FileList]:
    """List the files of an environment's repository, edits included."""
    return read.list_files(deps.naming, environment, args)
