"""Bearer tokens: MCP, a team's `auth_token` (RFC 6750)."""

from collections.abc import Iterable

from flask import request

from oduflow.blueprints.auth.anonymous import anonymous
from oduflow.blueprints.auth.attempts import attempt
from oduflow.blueprints.auth.failures import NotSignedIn
from oduflow.blueprints.auth.hosts import teams_at
from oduflow.blueprints.auth.ports import SecretLookup
from oduflow.blueprints.auth.secret_digests import SecretDigests
from oduflow.blueprints.context import context
from oduflow.domain.access import Actor, ActorKind
from oduflow.settings import Team

SUBJECT = "auth_token"
CHALLENGE = 'Bearer realm="Oduflow"'
_INVALID = f'{CHALLENGE}, error="invalid_token"'


class StaticTokenVerifier:
    """Knows the static tokens of teams; each one proves who asks and names the team."""

    def __init__(self, teams: Iterable[Team]) -> None:
        """Remember the teams' tokens; an empty one opens nothing."""
        self._tokens: SecretLookup = SecretDigests({team.id: team.auth_token for team in teams})

    def verify(self, token: str, _resource: str = "") -> Actor | None:
        """Return who has that token, or None; it opens every path of its team."""
        team = self._tokens.team_of(token)
        return None if team is None else Actor(team, ActorKind.TOKEN, SUBJECT)


def authenticate_bearer() -> Actor:
    """Return who asks over MCP.

    Raises:
        NotSignedIn: there is no token where one is needed, or a wrong one.
        RateLimited: there were too many wrong ones.
    """
    presented = request.headers.get("Authorization")
    if presented is None:
        actor = _anonymous()
        message, challenge = "This needs a Bearer token.", CHALLENGE
    else:
        actor = attempt("bearer", lambda: _verified(presented), presented=presented, past_team=True)
        message, challenge = "The Bearer token is wrong.", _INVALID
    if actor is None:
        raise NotSignedIn(
            message,
            "Send `Authorization: Bearer …` with the team's auth_token of oduflow.toml.",
            challenge=challenge,
        )
    return actor


def _anonymous() -> Actor | None:
    settings = context().settings
    # With OAuth on, an empty auth_token only means that people sign in through GitHub.
    return None if settings.server.oauth_enabled else anonymous(settings, _token)


def _verified(presented: str) -> Actor | None:
    scheme, _, token = presented.partition(" ")
    teams = context().settings.teams
    meant = {team.id for team in teams_at(teams, request.headers["Host"])}
    verifiers = (StaticTokenVerifier(teams.values()), *context().verifiers)
    found = (verifier.verify(token.strip(" "), request.path) for verifier in verifiers)
    actor = next(filter(None, found), None)
    return actor if actor and scheme.lower() == "bearer" and actor.team in meant else None


def _token(team: Team) -> str:
    return team.auth_token
