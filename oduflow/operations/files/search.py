"""search_files."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.environment import Environment
from oduflow.domain.files import FileMatches, SearchFiles
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
    rest="POST /environments/{name}/files/search",
)
def search_files(
    deps: Deps, call: Call, args: SearchFiles, environment: Environment
) -> Outcome[FileMatches]:
    """Find the lines with a text in the files of an environment's repository."""
    return read.search_files(deps.naming, deps.git.repositories, environment, args)
