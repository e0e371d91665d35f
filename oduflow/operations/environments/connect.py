"""connect_as_user."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.environment import Environment
from oduflow.domain.odoo_session import ConnectAsUser, SessionView
from oduflow.domain.outcome import Outcome
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.deps import Deps
from oduflow.services.environments.connect import connect
from oduflow.services.environments.unfinished import refuse_unfinished


# A quick operation: the result of a job is stored, and this one is a secret.
@operation(
    permission=Permission.ENVIRONMENT_WRITE,
    effect=Effect.WRITE,
    scope=Scope.ENVIRONMENT,
    idempotent=False,
    audit=("name", "login"),
    rest="POST /environments/{name}/session",
)
def connect_as_user(
    deps: Deps, call: Call, args: ConnectAsUser, environment: Environment
) -> Outcome[SessionView]:
    """Make a session of an Odoo user, with no password: a cookie for http_request, and a link."""
    refuse_unfinished(deps, environment)
    return connect(deps, call, environment, args.login)
