"""run_odoo_shell."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.command import CommandView, RunOdooShell
from oduflow.domain.environment import Environment
from oduflow.domain.outcome import Outcome
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.deps import Deps
from oduflow.services.environments.shell import run_shell
from oduflow.services.environments.unfinished import refuse_unfinished
from oduflow.services.snapshots.automatic import snapshot_before


@operation(
    permission=Permission.ENVIRONMENT_WRITE,
    effect=Effect.WRITE,
    scope=Scope.ENVIRONMENT,
    slow=True,
    idempotent=False,
    audit=("name", "without_snapshot"),
    undo=snapshot_before,
    rest="POST /environments/{name}/shell",
)
def run_odoo_shell(
    deps: Deps, call: Call, args: RunOdooShell, environment: Environment
) -> Outcome[CommandView]:
    """Run Python code with `env` in an environment's Odoo; an exception is a failure.

    What env.cr.commit() does not commit is rolled back.
    """
    refuse_unfinished(deps, environment)
    return run_shell(deps, call, environment, args)
