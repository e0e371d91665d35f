"""get_environment_login."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.environment import (
    SERVING_STATES,
    UNFINISHED,
    Environment,
    EnvironmentLogin,
    EnvironmentName,
)
from oduflow.domain.errors import Conflict
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import Outcome
from oduflow.domain.plan import EnvironmentPlan
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, Profile, operation
from oduflow.services.deps import Deps
from oduflow.services.environments.view import current_view

ADMIN_LOGIN = "admin"


@operation(
    permission=Permission.ENVIRONMENT_WRITE,
    effect=Effect.READ,
    scope=Scope.ENVIRONMENT,
    audit=("name",),
    shows_secret=True,
    profiles=(Profile.CODING,),
    rest="GET /environments/{name}/login",
)
def get_environment_login(
    deps: Deps, call: Call, args: EnvironmentName, environment: Environment
) -> Outcome[EnvironmentLogin]:
    """Show how to sign in to an environment's Odoo as its administrator.

    The password is its own and never logged.
    """
    shown = current_view(deps, environment)
    progress = Next.of("get_environment", "shows how far it is", name=shown.name)
    if shown.state not in SERVING_STATES:
        cause = Next.of("get_environment", "says why", name=shown.name)
        raise Conflict(
            f"{shown.name} {shown.state.sentence}, so there is no Odoo to sign in to.",
            "",
            progress if shown.state in UNFINISHED else cause,
        )
    secret = EnvironmentPlan.of(deps.naming, environment).secrets / "admin_password"
    login = EnvironmentLogin(url=shown.url, login=ADMIN_LOGIN, password=secret.read_text("ascii"))
    if shown.url is not None:
        return Outcome(login, f"Sign in to {shown.name} as {ADMIN_LOGIN}.")
    if shown.step:
        summary = f"Odoo of {shown.name} is started; then sign in as {ADMIN_LOGIN}."
        return Outcome(login, summary, next=(progress,))
    return Outcome(
        login,
        f"{shown.name} {shown.state.sentence}; start it, then sign in as {ADMIN_LOGIN}.",
        next=(Next.of("start_environment", "starts it", name=shown.name),),
    )
