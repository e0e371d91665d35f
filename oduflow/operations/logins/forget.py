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
    audit=("login",),
    rest="POST /logins/{login}/forget",
)
def forget_github_login(deps: Deps, call: Call, args: GithubLogin) -> Outcome[Nothing]:
    """Forget which GitHub account a login belongs to, and sign it out everywhere.

    A login is bound to the account that first signed in with it, so that nobody who takes over a
    name that was given up comes in by it. After this, the next account of that name is bound. Only
    whoever runs the server, or has the team's password, may say so.
    """
    _refuse_others_than_operators(call)
    _refuse_foreign(deps, call, args.login)
    if not deps.logins.forget(args.login):
        raise NotFound(
            f"Nobody has signed in as {args.login}.", "There is nothing to forget; sign in."
        )
    return Outcome(Nothing(), f"{args.login} is forgotten; the next sign-in binds it anew.")


def _refuse_others_than_operators(call: Call) -> None:
    """Keep the decision with the operator: tokens are for agents, and members are who it is about.

    A member could else let in whoever took over a name, or put a colleague out of every session.
    """
    if call.actor.kind not in OPERATORS:
        raise Forbidden(
            "Only an operator forgets a login.",
            "Run on the server: oduflow call forget_github_login; or use the team's ui_password.",
        )


def _refuse_foreign(deps: Deps, call: Call, login: str) -> None:
    """Let a team forget its own people only; whoever runs the server may forget anybody."""
    if call.actor.kind is ActorKind.CLI:
        return
    users = {team.id: team.github_users for team in deps.settings.teams.values()}
    teams = teams_of(login, users)
    if call.actor.team not in teams:
        raise NotFound(f"Nobody has signed in as {login}.", "See the team's github_users.")
    if len(teams) > 1:
        raise Forbidden(
            f"{login} belongs to other teams too.",
            f"Run on the server: oduflow call --team {call.actor.team} forget_github_login {login}",
        )
