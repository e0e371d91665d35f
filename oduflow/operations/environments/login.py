"""get_environment_login."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.environment import Environment, EnvironmentLogin, EnvironmentName
from oduflow.domain.errors import Conflict
from oduflow.domain.outcome import Outcome
from oduflow.domain.plan import EnvironmentPlan
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.deps import Deps
from oduflow.services.environments.view import base_url

ADMIN_LOGIN = "admin"


@operation(
    permission=Permission.ENVIRONMENT_WRITE,
    effect=Effect.READ,
    scope=Scope.ENVIRONMENT,
    audit=("name",),
    shows_secret=True,
    rest="GET /environments/{name}/login",
)
def get_environment_login(
    deps: Deps, call: Call, args: EnvironmentName, environment: Environment
) -> Outcome[EnvironmentLogin]:
    """Show how to sign in to an environment's Odoo as its administrator.

    The password is generated for this environment and is never logged.
    """
    secret = EnvironmentPlan.of(deps.naming, environment).secrets / "admin_password"
    if not secret.is_file():
        raise Conflict(
            f"{environment.name} has no login yet.",
            f"get_environment name={environment.name} shows how far it is.",
        )
    login = EnvironmentLogin(
        url=base_url(deps, environment), login=ADMIN_LOGIN, password=secret.read_text("ascii")
    )
    return Outcome(login, f"Sign in to {environment.name} as {ADMIN_LOGIN}.")
