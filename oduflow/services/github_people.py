"""Who an access token of ours belongs to, at the moment it is used."""

from collections.abc import Callable

from oduflow.adapters.store import OAuthLogins, OAuthTokens
from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.errors import Forbidden
from oduflow.domain.oauth import Login, TokenKind, hash_of, resource_at, teams_of
from oduflow.settings import Settings


class GithubPeople:
    """Knows the access tokens that people got by signing in through GitHub.

    Args:
        settings: tells the configuration as it is now.
        tokens: the tokens.
        logins: which number each login belongs to.
    """

    def __init__(
        self, settings: Callable[[], Settings], tokens: OAuthTokens, logins: OAuthLogins
    ) -> None:
        self._settings = settings
        self._tokens = tokens
        self._logins = logins

    def verify(self, token: str, resource: str) -> Actor | None:
        """Return who has that token, or None when it is none of ours or not for that path.

        Args:
            token: as the client sent it.
            resource: the path that it is presented at.

        Raises:
            Forbidden: its owner was let in, but may not come in any more.
        """
        settings = self._settings()
        if not settings.server.oauth_enabled:
            return None
        found = self._tokens.find(hash_of(token), TokenKind.ACCESS)
        here = resource_at(settings.server.oauth_base_url, resource)
        if found is None or found.bearing.resource != here:
            return None
        team, login = found.bearing.team, found.bearing.login
        if team not in settings.teams:
            return None
        if not self._is_welcome(settings, team, login):
            raise Forbidden(
                "Access Denied", "Ask for your GitHub login to stand in your team's github_users."
            )
        return Actor(team, ActorKind.OAUTH, login.name, subject_id=login.id)

    def stands(self, actor: Actor) -> bool:
        """Whether a person who came in still may; whoever is no person does."""
        if actor.kind is not ActorKind.OAUTH:
            return True
        return self._is_welcome(
            self._settings(), actor.team, Login(actor.subject, actor.subject_id)
        )

    def _is_welcome(self, settings: Settings, team: str, login: Login) -> bool:
        users = {each.id: each.github_users for each in settings.teams.values()}
        return team in teams_of(login.name, users) and self._logins.is_bound(login)
