"""Authlib's authorization server: how it reads requests, finds clients and issues tokens.

`authorization` answers `/authorize`, where a client's redirect URIs are needed. `tokens` answers
`/token` and `/revoke`, where they are not. Both are stateless; the store has the state.
"""

from collections.abc import Callable

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError, OAuth2Request
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from flask import Response, g, request
from werkzeug.datastructures import MultiDict

from oduflow.blueprints.oauth.blueprint import blueprint, stores
from oduflow.blueprints.oauth.clients import Client, find_client, known_client
from oduflow.blueprints.oauth.grants import CodeGrant, RefreshGrant, Revocation, S256Only
from oduflow.domain.oauth import ACCESS_LIFE, TokenPair, hash_of, new_secret

_CLIENT = "oauth_client"
_SCOPE = "scope"
_MAY_REPEAT = frozenset({"resource"})  # RFC 8707, 2


class CurrentRequest(OAuth2Request):  # type: ignore[misc]
    """A request as Authlib reads it, with the parameters of a form or of a query, never both.

    Its payload has one value a parameter: `is_repeated` was checked before. The requested scope is
    left out: there is one scope, clients ask for others such as `offline_access` unasked, and the
    answer says which was granted (RFC 6749, 3.3).
    """

    def __init__(self, method: str, given: MultiDict[str, str]) -> None:
        # Authlib refuses plain http; whether it is allowed was checked with the configuration.
        super().__init__(method, "https://localhost/", headers=request.headers)
        known = MultiDict(
            (name, value) for name, value in given.items(multi=True) if name != _SCOPE
        )
        self.payload = BasicOAuth2Payload(known)

    @property
    def form(self) -> MultiDict[str, str]:
        """The parameters, under Authlib's name for a form."""
        return self.payload.data  # type: ignore[no-any-return]


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


def is_repeated(given: MultiDict[str, str]) -> bool:
    """Return whether a parameter is repeated that may not be (OAuth 2.1, 3.1 and 3.2)."""
    return any(len(values) > 1 for name, values in given.lists() if name not in _MAY_REPEAT)


def _server(query_client: object) -> RequestAuthorizationServer:
    made = RequestAuthorizationServer(query_client=query_client, save_token=_save_token)
    make = lambda **_about: new_secret()  # noqa: E731
    life = int(ACCESS_LIFE.total_seconds())
    made.register_token_generator("default", BearerTokenGenerator(make, make, life))
    made.register_grant(CodeGrant, [S256Only(required=True)])
    made.register_grant(RefreshGrant)
    made.register_endpoint(Revocation)
    return made


authorization = _server(_current_client)
tokens = _server(known_client)


@blueprint.post("/token")
def token() -> Response:
    """Issue tokens for a code or a refresh token (OAuth 2.1, 3.2)."""
    if "grant_type" not in request.form:
        return _malformed("The form has no grant_type.")
    return _answer(tokens.create_token_response)


@blueprint.post("/revoke")
def revoke() -> Response:
    """Revoke tokens (RFC 7009, 2)."""
    return _answer(lambda: tokens.create_endpoint_response("revocation"))


def _answer(ask: Callable[[], Response]) -> Response:
    """Return Authlib's answer, or `invalid_request` for a malformed request.

    Authlib raises ValueError for a Basic header that is not text, and for a parameter that its
    message may not contain.
    """
    if is_repeated(request.form):
        return _malformed("A parameter is repeated.")
    try:
        return ask()
    except ValueError:
        return _malformed("The request is malformed.")


def _malformed(why: str) -> Response:
    answer: Response = tokens.handle_error_response(None, InvalidRequestError(why))
    return answer
