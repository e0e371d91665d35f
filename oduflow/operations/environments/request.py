"""http_request."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.environment import Environment
from oduflow.domain.http import HttpAnswer, HttpRequest
from oduflow.domain.outcome import Outcome
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.deps import Deps
from oduflow.services.environments import http
from oduflow.services.environments.unfinished import refuse_unfinished


@operation(
    permission=Permission.ENVIRONMENT_WRITE,
    effect=Effect.WRITE,
    scope=Scope.ENVIRONMENT,
    idempotent=False,
    audit=("name", "method"),
    rest="POST /environments/{name}/request",
)
def http_request(
    deps: Deps, call: Call, args: HttpRequest, environment: Environment
) -> Outcome[HttpAnswer]:
    """Send an HTTP request to an environment's Odoo; no redirect is followed."""
    refuse_unfinished(deps, environment)
    return http.send(deps, environment, args)
