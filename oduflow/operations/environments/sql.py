"""execute_sql."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.environment import Environment
from oduflow.domain.outcome import Outcome
from oduflow.domain.sql import ExecuteSql, SqlView
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.deps import Deps
from oduflow.services.environments import sql
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
    rest="POST /environments/{name}/sql",
)
def execute_sql(
    deps: Deps, call: Call, args: ExecuteSql, environment: Environment
) -> Outcome[SqlView]:
    """Run one SQL statement in an environment's database and commit it.

    It goes past Odoo's code: prefer run_odoo_shell.
    """
    refuse_unfinished(deps, environment)
    return sql.execute(deps.naming, deps.postgres, call, environment, args)
