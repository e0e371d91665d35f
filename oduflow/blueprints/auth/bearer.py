"""Bearer tokens (RFC 6750): every kind over MCP; over REST only grants that allow it."""

import re
from collections.abc import Callable, Iterable
from functools import partial

from flask import request

from oduflow.blueprints.audit import record
from oduflow.blueprints.auth.rate_limits import compare_credential
from oduflow.blueprints.auth.requests import NotSignedIn, anonymous
from oduflow.blueprints.auth.secret_digests import SecretDigests
from oduflow.blueprints.context import Context, context
from oduflow.blueprints.ports import TokenVerifier
from oduflow.blueprints.teams import teams_at
from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.errors import Kind, Unauthenticated
from oduflow.domain.grant_rules import REST
from oduflow.domain.oauth import PATH, resource_at
from oduflow.settings import Settings, TeamSettings

SUBJECT = "auth_token"
_REALM = 'realm="Oduflow"'
_INVALID = ', error="invalid_token"'
_FOR_REST = (
    "REST takes a grant made with rest=true, or HTTP Basic; the team's auth_token is for MCP."
)
_FOR_FILES = "Files are sent with the team's auth_token, a grant, or HTTP Basic."
_HINT = "Send `Authorization: Bearer …` with the team's auth_token of oduflow.toml."
_SENT_PLACEHOLDER = (
    "The client sent a placeholder, not a token. Set its variable where the client is started."
)
# A variable that a client did not replace: ${TOKEN}, ${env:TOKEN}, $TOKEN, %TOKEN%, {env:TOKEN};
# or one that is empty, or the documents' <token>.
_PLACEHOLDER = re.compile(r"bearer *(\$?\{[^{}]*\}|\$\w+|%\w+%|<[^<>]*>)?", re.IGNORECASE)
_SENDERS = frozenset({ActorKind.GRANT, ActorKind.TOKEN})
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
    challenge = f"Bearer {_resource_metadata()}{_REALM}"
    if presented is not None:
        hint = _SENT_PLACEHOLDER if _PLACEHOLDER.fullmatch(presented) else _HINT
        wrong = NotSignedIn("The Bearer token is wrong.", hint, challenge=challenge + _INVALID)
        return _compared("bearer", presented, partial(_verified, presented, _resource()), wrong)
    actor = _anonymous()
    if actor is None:
        record("sign_in", None, Kind.UNAUTHENTICATED, {"credential": "none"})
        raise NotSignedIn("This needs a Bearer token.", _HINT, challenge=challenge)
    return actor


def authenticate_grant() -> Actor:
    """Return the caller of REST, by the token of a grant; a team's static token is not accepted.

    Raises:
        NotSignedIn: the token is not of a grant, or of one without REST.
    """
    presented = request.headers["Authorization"]
    wrong = NotSignedIn("The Bearer token is wrong here.", _FOR_REST, challenge=_INVALID_OR_BASIC)
    return _compared("grant", presented, partial(_granted, presented), wrong)


def authenticate_sender() -> Actor:
    """Return the caller that sends a file, by a team's static token or a grant.

    `oduflow import --url` has the token with which it calls the tools. A token of a person who
    signed in is for the MCP client that it was issued to, and is refused.

    Raises:
        NotSignedIn: the token is wrong, or of another kind.
    """
    presented = request.headers["Authorization"]
    wrong = NotSignedIn("The Bearer token is wrong here.", _FOR_FILES, challenge=_INVALID_OR_BASIC)
    return _compared("bearer", presented, partial(_sender, presented), wrong)


def credential_check(actor: Actor) -> Callable[[], bool]:
    """Return a function that tells, during this request, whether its credential is still valid.

    A grant whose calls are used up starts nothing new, but the answer to its last call goes on.
    """
    shared, resource = context(), _resource()
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


def _compared(
    face: str, presented: str, compare: Callable[[], Actor | None], wrong: NotSignedIn
) -> Actor:
    """Return the token's owner; raise `wrong`, or the reason why a right token has ended."""
    try:
        actor = compare_credential(face, compare, presented=presented, is_random=True)
    except Unauthenticated as ended:
        raise NotSignedIn(ended.message, ended.hint, challenge=wrong.challenge) from ended
    if actor is None:
        raise wrong
    return actor


def _resource() -> str:
    """Return the path of the request's resource: `/mcp/` is `/mcp`."""
    return request.path.removesuffix("/")


def _resource_metadata() -> str:
    """Return the parameter that tells a client where to learn of sign-in (RFC 9728, 5.1)."""
    server = context().settings.server
    if not server.oauth_enabled or resource_at(server.oauth_base_url, _resource()) is None:
        return ""
    at = f"{server.oauth_base_url}/.well-known/oauth-protected-resource{_resource()}"
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


def _sender(presented: str) -> Actor | None:
    actor = _verified(presented, PATH)
    if actor and actor.kind not in _SENDERS:  # a known token: not counted as a guess
        raise Unauthenticated("The Bearer token is for MCP, not for files.", _FOR_FILES)
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
