"""A code or a token that a client presents, as Authlib sees it."""

from authlib.oauth2.rfc6749 import TokenMixin
from flask import request

from oduflow.blueprints.oauth.blueprint import base_url, current_teams, environment_id, stores
from oduflow.blueprints.oauth.clients import Client
from oduflow.blueprints.oauth.errors import InvalidTarget
from oduflow.domain.oauth import Code, Token, TokenBinding, asked_resource

S256 = "S256"


class PresentedToken(TokenMixin):  # type: ignore[misc]
    """Authlib's view of a code or a token that is in the store."""

    code_challenge_method = S256

    def __init__(self, row: Code | Token) -> None:
        self.hash = row.hash
        self.binding: TokenBinding = row.binding
        self.redirect_uri = row.redirect_uri if isinstance(row, Code) else None
        self.code_challenge = row.challenge if isinstance(row, Code) else None

    def check_client(self, client: Client) -> bool:
        """Return whether it was issued to the client."""
        return self.binding.client_id == client.client_id

    def get_scope(self) -> str:
        """Return the scope."""
        return self.binding.scope

    def get_redirect_uri(self) -> str | None:
        """Return the redirect URI of a code; None for a token."""
        return self.redirect_uri

    def owner(self) -> TokenBinding | None:
        """Return the binding, or None if its owner may not sign in or its environment is gone."""
        login, team = self.binding.login, self.binding.team
        if not self.binding.still_valid(environment_id):
            return None
        may_sign_in = team in current_teams(login.name) and stores().logins.is_bound(login)
        return self.binding if may_sign_in else None

    def require_same_resource(self) -> None:
        """Refuse a request for another resource than the person consented to (RFC 8707, 2.2).

        Raises:
            InvalidTarget: the request names another resource.
        """
        asked = request.form.getlist("resource")
        if asked and asked_resource(base_url(), asked) != self.binding.resource:
            raise InvalidTarget
