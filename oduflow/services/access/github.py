"""Authenticate people who signed in through GitHub by their access tokens."""

from collections.abc import Callable

from oduflow.adapters.store import OAuthLogins, OAuthTokens
from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.errors import Forbidden, Unauthenticated
from oduflow.domain.oauth import (
    EnvironmentId,
    Login,
    TokenKind,
    hash_of,
    is_covered,
    teams_of,
)
from oduflow.settings import Settings


class GithubAuthenticator:
    """Verifies the access tokens of people who signed in through GitHub.

    Args:
        settings: returns the current configuration.
        tokens: the issued tokens.
        logins: the GitHub account id of each login.
        environment: returns the id of a team's environment of that name.
    """

    def __init__(
        self,
        settings: Callable[[], Settings],
        tokens: OAuthTokens,
        logins: OAuthLogins,
        environment: EnvironmentId,
    ) -> None:
        self._settings = settings
        self._tokens = tokens
        self._logins = logins
        self._environment = environment

    def verify(self, token: str, resource: str) -> Actor | None:
        """Return the token's actor, or None when this server did not issue the token.

        Args:
            token: the token as the client sent it.
            resource: the path of the request.

        Raises:
            Forbidden: the login is no longer in the team's `github_users`.
            Unauthenticated: the token expired, its environment was deleted, or it is for another
                path.
        """
        settings = self._settings()
        if not settings.server.oauth_enabled:
            return None
        digest = hash_of(token)
        found = self._tokens.find(digest, TokenKind.ACCESS)
        if found is None and self._tokens.has_expired(digest):
            raise Unauthenticated(
                "The access token has expired.", "Get another with the refresh token, or sign in."
            )
        if found is None:
            return None
        team, login = found.binding.team, found.binding.login
        if team not in settings.teams:
            return None
        if not is_covered(found.binding.resource, settings.server.oauth_base_url, resource):
            raise Unauthenticated(
                "The access token is not for this address.",
                f"It is valid at {found.binding.resource}; sign in again for another one.",
            )
        if not found.binding.still_valid(self._environment):
            raise Unauthenticated(
                "The environment that the access token was for is gone.",
                "Sign in again; another environment of that name needs its own token.",
            )
        if not self._is_member(settings, team, login):
            raise Forbidden(
                "Access Denied", "Ask for your GitHub login to stand in your team's github_users."
            )
        return Actor(team, ActorKind.OAUTH, login.name, subject_id=login.id)

    def still_valid(self, actor: Actor) -> bool:
        """Whether a person's token is still valid; true for actors of other kinds."""
        if actor.kind is not ActorKind.OAUTH:
            return True
        settings, login = self._settings(), Login(actor.subject, actor.subject_id)
        return settings.server.oauth_enabled and self._is_member(settings, actor.team, login)

    def _is_member(self, settings: Settings, team: str, login: Login) -> bool:
        users = {each.id: each.github_users for each in settings.teams.values()}
        return team in teams_of(login.name, users) and self._logins.is_bound(login)
