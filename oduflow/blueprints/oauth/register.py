"""`/register`: dynamic client registration (RFC 7591)."""

from typing import Any

from authlib.oauth2.rfc7591 import (
    ClientRegistrationEndpoint,
    InvalidClientMetadataError,
    InvalidRedirectURIError,
)
from flask import Response, request

from oduflow.blueprints.oauth.blueprint import (
    blueprint,
    counted_address,
    server_settings,
    stores,
)
from oduflow.blueprints.oauth.metadata import AUTH_METHODS, GRANT_TYPES
from oduflow.blueprints.oauth.server import RequestAuthorizationServer
from oduflow.domain.clock import now
from oduflow.domain.errors import Invalid
from oduflow.domain.oauth import (
    SCOPE,
    ClientKind,
    OAuthClient,
    error_description,
    hash_of,
    new_secret,
)
from oduflow.domain.redirects import check_redirects

MAX_NAME = 80
_PREFIX = "dyn-"
_DEFAULT_METHOD = AUTH_METHODS[0]  # RFC 7591, 2


class Registration(ClientRegistrationEndpoint):  # type: ignore[misc]
    """Registration without authentication, as MCP clients need it; access needs consent."""

    def authenticate_token(self, _asked: object) -> bool:
        """Return True: registration needs no token."""
        return True

    def extract_client_metadata(self, _asked: object) -> dict[str, Any]:
        """Return the client's metadata after checking it; unsupported fields are left out.

        Raises:
            InvalidClientMetadataError: it is not a JSON object, or a field has a wrong type.
            InvalidRedirectURIError: redirect URIs are missing, or not allowed.
        """
        try:
            sent = request.get_json(silent=True)
        except RecursionError:  # deeply nested brackets
            sent = None
        if not isinstance(sent, dict):
            raise InvalidClientMetadataError("A JSON object is needed.")
        try:
            redirect_uris = check_redirects(
                sent.get("redirect_uris"), server_settings().redirect_schemes
            )
        except Invalid as wrong:
            description = error_description(f"{wrong.message} {wrong.hint}")
            raise InvalidRedirectURIError(description) from wrong
        name = sent.get("client_name", "")
        method = sent.get("token_endpoint_auth_method", _DEFAULT_METHOD)
        if not isinstance(name, str) or method not in AUTH_METHODS:
            raise InvalidClientMetadataError("client_name or token_endpoint_auth_method is wrong.")
        return {
            "client_name": "".join(filter(str.isprintable, name))[:MAX_NAME],
            "redirect_uris": list(redirect_uris),
            "token_endpoint_auth_method": method,
            "grant_types": GRANT_TYPES,
            "response_types": ["code"],
            "scope": SCOPE,
        }

    def generate_client_info(self, _asked: object) -> dict[str, Any]:
        """Return a new id; Authlib alone would also issue a secret to public clients."""
        return {
            "client_id": f"{_PREFIX}{new_secret()}",
            "client_id_issued_at": int(now().timestamp()),
        }

    def save_client(
        self, info: dict[str, Any], metadata: dict[str, Any], _asked: object
    ) -> dict[str, Any]:
        """Store the client. Return its secret, if it has one."""
        public = metadata["token_endpoint_auth_method"] == AUTH_METHODS[2]
        secret = "" if public else new_secret()
        stores().clients.register(
            OAuthClient(
                info["client_id"],
                ClientKind.REGISTERED,
                metadata["client_name"],
                tuple(metadata["redirect_uris"]),
                now(),
                secret=hash_of(secret) if secret else "",
                address=counted_address(),
            )
        )
        return {"client_secret": secret, "client_secret_expires_at": 0} if secret else {}

    def generate_client_registration_info(
        self, client: dict[str, Any], _asked: object
    ) -> dict[str, Any]:
        """Return what is added to this answer only: the secret."""
        return client


_server = RequestAuthorizationServer()
_server.register_endpoint(Registration)


@blueprint.post("/register")
def register() -> Response:
    """Register a client.

    Raises:
        RateLimited: too many clients have registered lately.
    """
    answer: Response = _server.create_endpoint_response(Registration.ENDPOINT_NAME)
    return answer
