"""A code or a token that a client presents, in the words of Authlib."""

from authlib.oauth2.rfc6749 import TokenMixin
from flask import request

from oduflow.blueprints.oauth.clients import Client
from oduflow.blueprints.oauth.errors import InvalidTarget
from oduflow.blueprints.oauth.face import base_url, environment_id, parts, teams_now
from oduflow.domain.oauth import Bearing, Code, Token, asked_resource

S256 = "S256"


class Presented(TokenMixin):  # type: ignore[misc]
    """A code or a token of ours."""

    code_challenge_method = S256

    def __init__(self, row: Code | Token) -> None:
        self.hash = row.hash
        self.bearing: Bearing = row.bearing
        self.redirect_uri = row.redirect_uri if isinstance(row, Code) else None
        self.code_challenge = row.challenge if isinstance(row, Code) else None

    def check_client(self, client: Client) -> bool:
        """Whether it was given to that client."""
        return self.bearing.client_id == client.client_id

    def get_scope(self) -> str:
        """Return its scope."""
        return self.bearing.scope

    def get_redirect_uri(self) -> str | None:
        """Return where a code was sent."""
        return self.redirect_uri

    def owner(self) -> Bearing | None:
        """Return whose it is, if they may still come in, and what it is for is still there."""
        login, team = self.bearing.login, self.bearing.team
        if not self.bearing.still_valid(environment_id):
            return None
        welcome = team in teams_now(login.name) and parts().logins.is_bound(login)
        return self.bearing if welcome else None

    def refuse_other_target(self) -> None:
        """Refuse a request for another resource than the person agreed to (RFC 8707, 2.2).

        Raises:
            InvalidTarget: it is such a request.
        """
        asked = request.form.getlist("resource")
        if asked and asked_resource(base_url(), asked) != self.bearing.resource:
            raise InvalidTarget
