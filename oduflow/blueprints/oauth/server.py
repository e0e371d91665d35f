"""Authlib's authorization server: how it reads requests, finds clients and issues tokens.

`authorization` answers `/authorize`, where a client's redirect URIs are needed. `tokens` answers
`/token` and `/revoke`, where they are not. Both are stateless; the store has the state.
"""

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import InvalidGrantError, OAuth2Payload, OAuth2Request
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from flask import g, request
from werkzeug.datastructures import MultiDict

from oduflow.blueprints.oauth.blueprint import stores
from oduflow.blueprints.oauth.clients import Client, find_client, token_client
from oduflow.blueprints.oauth.grants import CodeGrant, RefreshGrant, Revocation, S256Only
from oduflow.domain.oauth import ACCESS_LIFE, SCOPE, TokenPair, hash_of, new_secret

_CLIENT = "oauth_client"


class Payload(OAuth2Payload):  # type: ignore[misc]
    """The parameters of a request."""

    def __init__(self, given: MultiDict[str, str]) -> None:
        self._given = given

    @property
    def data(self) -> MultiDict[str, str]:
        """The parameters; for a repeated one the first value."""
        return self._given

    @property
    def datalist(self) -> dict[str, list[str]]:
        """The parameters with all their values."""
        return dict(self._given.lists())


class CurrentRequest(OAuth2Request):  # type: ignore[misc]
    """A request as Authlib reads it, with the parameters of a form or of a query, never both."""

    def __init__(self, method: str, given: MultiDict[str, str]) -> None:
        # Authlib refuses plain http; whether it is allowed was checked with the configuration.
        super().__init__(method, "https://localhost/", headers=request.headers)
        self.payload = Payload(given)
        self._given = given

    @property
    def form(self) -> MultiDict[str, str]:
        """The parameters, under Authlib's name for a form."""
        return self._given


class RequestAuthorizationServer(AuthorizationServer):  # type: ignore[misc]
    """Authlib's server, reading Flask's current request."""

    def create_oauth2_request(self, _request: object) -> CurrentRequest:
        """Return the current request in Authlib's form."""
        given = request.args if request.method == "GET" else request.form
        return CurrentRequest(request.method, given)


def use_client(client: Client) -> None:
    """Use this client in the rest of the request, instead of looking it up."""
    setattr(g, _CLIENT, client)


def _current_client(client_id: str) -> Client | None:
    client: Client | None = g.get(_CLIENT)
    return client if client and client.client_id == client_id else find_client(client_id)


def _save_token(token: dict[str, str], current: CurrentRequest) -> None:
    """Redeem the code or rotate the refresh token, and store the new tokens, in one transaction.

    Raises:
        InvalidGrantError: another request used it meanwhile.
    """
    pair = TokenPair(hash_of(token["access_token"]), hash_of(token["refresh_token"]))
    client = current.client.client_id
    if current.refresh_token:
        is_first_use = stores().tokens.rotate(current.refresh_token.hash, client, pair)
    else:
        is_first_use = stores().tokens.redeem(current.authorization_code.hash, client, pair)
    if not is_first_use:
        raise InvalidGrantError


def _server(query_client: object) -> RequestAuthorizationServer:
    made = RequestAuthorizationServer(query_client=query_client, save_token=_save_token)
    made.scopes_supported = [SCOPE]
    make = lambda **_about: new_secret()  # noqa: E731
    life = int(ACCESS_LIFE.total_seconds())
    made.register_token_generator("default", BearerTokenGenerator(make, make, life))
    made.register_grant(CodeGrant, [S256Only(required=True)])
    made.register_grant(RefreshGrant)
    made.register_endpoint(Revocation)
    return made


authorization = _server(_current_client)
tokens = _server(token_client)
