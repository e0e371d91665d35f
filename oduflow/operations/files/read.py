"""read_file."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.environment import Environment
from oduflow.domain.files import FilePage, ReadFile
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
    rest="GET /environments/{name}/file",
)
def read_file(
    deps: Deps, call: Call, args: ReadFile, environment: Environment
) -> Outcome[FilePage]:
    """Show lines of a file of an environment's repository; a traceback's path works too."""
    return read.read_file(deps.naming, environment, args)
