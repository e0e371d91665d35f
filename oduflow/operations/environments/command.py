"""run_command."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.command import CommandView, RunCommand
from oduflow.domain.environment import Environment
from oduflow.domain.outcome import Outcome
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.deps import Deps
from oduflow.services.environments import command
from oduflow.services.environments.unfinished import refuse_unfinished


@operation(
    permission=Permission.ENVIRONMENT_WRITE,
    effect=Effect.WRITE,
    scope=Scope.ENVIRONMENT,
    slow=True,
    idempotent=False,
    audit=("name", "program"),
    rest="POST /environments/{name}/command",
)
def run_command(
    deps: Deps, call: Call, args: RunCommand, environment: Environment
) -> Outcome[CommandView]:
    """Run a command in an environment's container; an exit code other than 0 is a failure.

    Takes no snapshot.
    """
    refuse_unfinished(deps, environment)
    return command.run_command(deps.naming, deps.engine.containers, call, environment, args)
