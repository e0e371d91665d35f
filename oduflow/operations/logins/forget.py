"""forget_github_login."""

from oduflow.domain.access import ActorKind, Permission
from oduflow.domain.errors import Forbidden, NotFound
from oduflow.domain.oauth import GithubLogin, teams_of
from oduflow.domain.outcome import Nothing, Outcome
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.deps import Deps

OPERATORS = frozenset({ActorKind.BASIC, ActorKind.CLI})


@operation(
    permission=Permission.LOGIN_ADMIN,
    effect=Effect.DESTROY,
    files=False,
    audit=("login",),
    rest="POST /logins/{login}/forget",
)
def forget_github_login(deps: Deps, call: Call, args: GithubLogin) -> Outcome[Nothing]:
    """Forget the GitHub account of a login, and end its sessions.

    The next account that signs in is bound to it. Only the operator or the team's password may do
    this.
    """
    _refuse_others_than_operators(call)
    _refuse_foreign(deps, call, args.login)
    if not deps.store.logins.forget(args.login):
        raise NotFound(f"No account has signed in as {args.login}.", "There is nothing to forget.")
    return Outcome(Nothing(), f"{args.login} is forgotten; the next sign-in binds it again.")


def _refuse_others_than_operators(call: Call) -> None:
    """Refuse members and agents.

    A member could otherwise admit the next owner of a login, or end a colleague's sessions.
    """
    if call.actor.kind not in OPERATORS:
        raise Forbidden(
            "Only an operator may forget a login.",
            "Run on the server: oduflow call forget_github_login; or use the team's ui_password.",
        )


def _refuse_foreign(deps: Deps, call: Call, login: str) -> None:
    """Allow a team only its own logins; the command line may forget all."""
    if call.actor.kind is ActorKind.CLI:
        return
    users = {team.id: team.github_users for team in deps.settings.teams.values()}
    teams = teams_of(login, users)
    if call.actor.team not in teams:
        raise NotFound(f"No account has signed in as {login}.", "See the team's github_users.")
    if len(teams) > 1:
        raise Forbidden(
            f"{login} belongs to other teams too.",
            f"Run on the server: oduflow call --team {call.actor.team} forget_github_login {login}",
        )
