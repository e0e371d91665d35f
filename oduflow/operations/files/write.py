"""write_file."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.environment import Environment
from oduflow.domain.files import FileChange, WriteFile
from oduflow.domain.outcome import Outcome
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.deps import Deps
from oduflow.services.edits import write


def check_change(_deps: Deps, args: WriteFile) -> None:
    """Refuse anything but a whole content or one replacement.

    Raises:
        Invalid: both are given, or none.
    """
    args.require_one_change()


@operation(
    permission=Permission.ENVIRONMENT_WRITE,
    effect=Effect.WRITE,
    scope=Scope.ENVIRONMENT,
    idempotent=False,
    audit=("name", "path"),
    check=check_change,
    rest="POST /environments/{name}/files",
)
def write_file(
    deps: Deps, call: Call, args: WriteFile, environment: Environment
) -> Outcome[FileChange]:
    """Write a file of an environment's repository, without a commit: whole, or old by new."""
    return write.write_file(deps, environment, args)
