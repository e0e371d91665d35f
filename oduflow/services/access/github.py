"""Who an access token of ours belongs to, at the moment it is used."""

from collections.abc import Callable

from oduflow.adapters.store import OAuthLogins, OAuthTokens
from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.errors import Forbidden, Unauthenticated
from oduflow.domain.oauth import (
    EnvironmentId,
    Login,
    TokenKind,
    hash_of,
    resource_at,
    teams_of,
)
from oduflow.settings import Settings


class GithubAuthenticator:
    """Knows the access tokens that people got by signing in through GitHub.

    Args:
        settings: tells the configuration as it is now.
        tokens: the tokens.
        logins: which number each login belongs to.
        environment: tells the id of a team's environment by its name.
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
        """Return who has that token, or None when it is none of ours.

        Args:
            token: as the client sent it.
            resource: the path that it is presented at.

        Raises:
            Forbidden: its owner was let in, but may not come in any more.
            Unauthenticated: it was good until it expired, or its environment was deleted; or it
                is good, but not at that path.
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
        if found.binding.resource != resource_at(settings.server.oauth_base_url, resource):
            raise Unauthenticated(
                "The access token is not for this address.",
                f"It is good at {found.binding.resource}; sign in again for another one.",
            )
        if not found.binding.still_valid(self._environment):
            raise Unauthenticated(
                "The environment that the access token was for is gone.",
                "Sign in again; another environment of that name needs its own token.",
            )
        if not self._is_welcome(settings, team, login):
            raise Forbidden(
                "Access Denied", "Ask for your GitHub login to stand in your team's github_users."
            )
        return Actor(team, ActorKind.OAUTH, login.name, subject_id=login.id)

    def still_valid(self, actor: Actor) -> bool:
        """Whether a person who came in so still may; of others this knows nothing."""
        if actor.kind is not ActorKind.OAUTH:
            return True
        settings, login = self._settings(), Login(actor.subject, actor.subject_id)
        return settings.server.oauth_enabled and self._is_welcome(settings, actor.team, login)

    def _is_welcome(self, settings: Settings, team: str, login: Login) -> bool:
        users = {each.id: each.github_users for each in settings.teams.values()}
        return team in teams_of(login.name, users) and self._logins.is_bound(login)
