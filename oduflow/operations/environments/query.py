"""query_database."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.environment import Environment
from oduflow.domain.outcome import Outcome
from oduflow.domain.sql import QueryDatabase, SqlView
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.deps import Deps
from oduflow.services.environments import sql


@operation(
    permission=Permission.ENVIRONMENT_WRITE,
    effect=Effect.READ,
    scope=Scope.ENVIRONMENT,
    audit=("name",),
    shows_secret=True,  # such as `database.secret`, with which sessions can be made
    rest="POST /environments/{name}/query",
)
def query_database(
    deps: Deps,
    call: Call,
    args: QueryDatabase,
    environment: Environment,
) -> Outcome[SqlView]:
    """Read an environment's database with one SQL statement."""
    return sql.query(deps.naming, deps.postgres, environment, args)
