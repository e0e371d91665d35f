"""Bearer tokens (RFC 6750): every kind over MCP; over REST only grants that allow it."""

from collections.abc import Callable, Iterable

from flask import request

from oduflow.blueprints.audit import record
from oduflow.blueprints.auth.rate_limits import compare_credential
from oduflow.blueprints.auth.requests import NotSignedIn, anonymous
from oduflow.blueprints.auth.secret_digests import SecretDigests
from oduflow.blueprints.context import Context, context
from oduflow.blueprints.ports import TokenVerifier
from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.errors import Kind, Unauthenticated
from oduflow.domain.grant_rules import REST
from oduflow.domain.oauth import resource_at
from oduflow.settings import Settings, TeamSettings, teams_at

SUBJECT = "auth_token"
_REALM = 'realm="Oduflow"'
_INVALID = ', error="invalid_token"'
_FOR_REST = (
    "REST takes a grant made with rest=true, or HTTP Basic; the team's auth_token is for MCP."
)
_INVALID_OR_BASIC = f"Basic {_REALM}, Bearer {_REALM}{_INVALID}"


class StaticTokenVerifier:
    """Verifies the teams' static tokens (`auth_token`)."""

    def __init__(self, teams: Iterable[TeamSettings]) -> None:
        """Hash the teams' tokens; an empty one matches nothing."""
        self._tokens = SecretDigests({team.id: team.auth_token for team in teams})

    def verify(self, token: str, resource: str = "") -> Actor | None:  # noqa: ARG002 - any
        """Return the token's owner, or None; the token is valid at every path of its team."""
        team = self._tokens.team_of(token)
        return None if team is None else Actor(team, ActorKind.TOKEN, SUBJECT)


def authenticate_bearer() -> Actor:
    """Return the caller of MCP.

    Raises:
        NotSignedIn: a token is needed and missing, or wrong.
        RateLimited: there were too many wrong ones.
    """
    presented = request.headers.get("Authorization")
    hint = "Send `Authorization: Bearer …` with the team's auth_token of oduflow.toml."
    if presented is None:
        actor = _anonymous()
        message, problem = "This needs a Bearer token.", ""
        if actor is None:
            record("sign_in", None, Kind.UNAUTHENTICATED, {"credential": "none"})
    else:
        message, problem = "The Bearer token is wrong.", _INVALID
        try:
            actor = compare_credential(
                "bearer",
                lambda: _verified(presented, request.path),
                presented=presented,
                past_team=True,
            )
        except Unauthenticated as ended:
            actor, message, hint = None, ended.message, ended.hint
    if actor is None:
        raise NotSignedIn(
            message, hint, challenge=f"Bearer {_resource_metadata()}{_REALM}{problem}"
        )
    return actor


def authenticate_grant() -> Actor:
    """Return the caller of REST, by the token of a grant; a team's static token is not accepted.

    Raises:
        NotSignedIn: the token is not of a grant, or of one without REST.
    """
    presented = request.headers["Authorization"]
    message = "The Bearer token is wrong here."
    hint = _FOR_REST
    try:
        actor = compare_credential(
            "grant", lambda: _granted(presented), presented=presented, past_team=True
        )
    except Unauthenticated as ended:
        actor, message, hint = None, ended.message, ended.hint
    if actor is None:
        raise NotSignedIn(message, hint, challenge=_INVALID_OR_BASIC)
    return actor


def credential_check(actor: Actor) -> Callable[[], bool]:
    """Return a function that tells, during this request, whether its credential is still valid.

    A grant whose calls are used up starts nothing new, but the answer to its last call goes on.
    """
    shared, resource = context(), request.path
    presented = request.headers.get("Authorization", "")

    def still_valid() -> bool:
        if not shared.still_valid(actor):
            return False
        if actor.kind is ActorKind.GRANT:
            return True
        settings = shared.configured.current()
        if actor.kind is ActorKind.ANONYMOUS:
            team = settings.teams.get(actor.team)
            return team is not None and not _token(team)
        return _owner(presented, _verifiers(shared, settings), resource) == actor

    return still_valid


def _resource_metadata() -> str:
    """Return the parameter that tells a client where to learn of sign-in (RFC 9728, 5.1)."""
    server = context().settings.server
    if not server.oauth_enabled or resource_at(server.oauth_base_url, request.path) is None:
        return ""
    at = f"{server.oauth_base_url}/.well-known/oauth-protected-resource{request.path}"
    return f'resource_metadata="{at}", '


def _anonymous() -> Actor | None:
    settings = context().settings
    # With OAuth on, an empty auth_token only means that people sign in through GitHub.
    return None if settings.server.oauth_enabled else anonymous(settings, _token)


def _verified(presented: str, resource: str) -> Actor | None:
    """Return the token's owner if the request's Host means its team."""
    settings = context().settings
    actor = _owner(presented, _verifiers(context(), settings), resource)
    meant = {team.id for team in teams_at(settings.teams, request.headers["Host"])}
    return actor if actor and actor.team in meant else None


def _granted(presented: str) -> Actor | None:
    actor = _verified(presented, REST)
    if actor and actor.kind is not ActorKind.GRANT:  # a known token: not counted as a guess
        raise Unauthenticated("The Bearer token is for MCP, not for REST.", _FOR_REST)
    return actor


def _verifiers(shared: Context, settings: Settings) -> tuple[TokenVerifier, ...]:
    return (StaticTokenVerifier(settings.teams.values()), *shared.verifiers)


def _owner(presented: str, verifiers: Iterable[TokenVerifier], resource: str) -> Actor | None:
    """Return the token's owner according to the first verifier that knows it."""
    scheme, _, token = presented.partition(" ")
    found = (verifier.verify(token.strip(" "), resource) for verifier in verifiers)
    actor = next(filter(None, found), None)
    return actor if scheme.lower() == "bearer" else None


def _token(team: TeamSettings) -> str:
    return team.auth_token
