"""Authlib's authorization server, told how this one reads requests, finds clients, makes tokens.

One answers `/authorize`, where a client's redirect URIs must be known, and one `/token` and
`/revoke`, where they need not be. Neither holds anything: all is in the store.
"""

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import InvalidGrantError, OAuth2Payload, OAuth2Request
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from flask import g, request
from werkzeug.datastructures import MultiDict

from oduflow.blueprints.oauth.clients import Client, described_client, token_client
from oduflow.blueprints.oauth.code_grant import CodeGrant, S256Only
from oduflow.blueprints.oauth.face import parts
from oduflow.blueprints.oauth.refresh_grant import RefreshGrant
from oduflow.blueprints.oauth.revoke import Revocation
from oduflow.domain.oauth import ACCESS_LIFE, SCOPE, Pair, hash_of, new_secret

_AGREED = "oauth_agreed_client"


class Payload(OAuth2Payload):  # type: ignore[misc]
    """The parameters of a request."""

    def __init__(self, given: MultiDict[str, str]) -> None:
        self._given = given

    @property
    def data(self) -> MultiDict[str, str]:
        """The parameters; of a repeated one the first."""
        return self._given

    @property
    def datalist(self) -> dict[str, list[str]]:
        """The parameters with all their values."""
        return dict(self._given.lists())


class Asked(OAuth2Request):  # type: ignore[misc]
    """A request as Authlib reads it: a form's parameters, or a query's, never both."""

    def __init__(self, method: str, given: MultiDict[str, str]) -> None:
        # Whether plain http will do is the configuration's to say, and it has said so.
        super().__init__(method, "https://localhost/", headers=request.headers)
        self.payload = Payload(given)
        self._given = given

    @property
    def form(self) -> MultiDict[str, str]:
        """The parameters, whatever Authlib calls them."""
        return self._given


class Server(AuthorizationServer):  # type: ignore[misc]
    """Authlib's server on the current request."""

    def create_oauth2_request(self, _request: object) -> Asked:
        """Read the current request."""
        given = request.args if request.method == "GET" else request.form
        return Asked(request.method, given)


def agree_on(client: Client) -> None:
    """Let the rest of this request take the client as it is."""
    setattr(g, _AGREED, client)


def _asked_client(client_id: str) -> Client | None:
    agreed: Client | None = g.get(_AGREED)
    return agreed if agreed and agreed.client_id == client_id else described_client(client_id)


def _save_token(token: dict[str, str], asked: Asked) -> None:
    """Spend the code or the refresh token and keep what it gives, in one motion.

    Raises:
        InvalidGrantError: somebody else spent it meanwhile.
    """
    pair = Pair(hash_of(token["access_token"]), hash_of(token["refresh_token"]))
    client = asked.client.client_id
    if asked.refresh_token:
        good = parts().tokens.rotate(asked.refresh_token.hash, client, pair)
    else:
        good = parts().tokens.redeem(asked.authorization_code.hash, client, pair)
    if not good:
        raise InvalidGrantError


def _server(query_client: object) -> Server:
    made = Server(query_client=query_client, save_token=_save_token)
    made.scopes_supported = [SCOPE]
    make = lambda **_about: new_secret()  # noqa: E731
    life = int(ACCESS_LIFE.total_seconds())
    made.register_token_generator("default", BearerTokenGenerator(make, make, life))
    made.register_grant(CodeGrant, [S256Only(required=True)])
    made.register_grant(RefreshGrant)
    made.register_endpoint(Revocation)
    return made


authorization = _server(_asked_client)
tokens = _server(token_client)
