"""`/register`: a client makes itself known (RFC 7591)."""

from typing import Any

from authlib.oauth2.rfc7591 import (
    ClientRegistrationEndpoint,
    InvalidClientMetadataError,
    InvalidRedirectURIError,
)
from flask import Response, request

from oduflow.blueprints.oauth.face import blueprint, counted_address, parts
from oduflow.blueprints.oauth.metadata import AUTH_METHODS, GRANT_TYPES
from oduflow.blueprints.oauth.server import Server
from oduflow.domain.clock import now
from oduflow.domain.errors import Invalid
from oduflow.domain.oauth import SCOPE, ClientKind, OAuthClient, hash_of, new_secret
from oduflow.domain.redirects import check_redirects

MAX_NAME = 80
_PREFIX = "dyn-"
_DEFAULT_METHOD = AUTH_METHODS[0]  # RFC 7591, 2


class Registration(ClientRegistrationEndpoint):  # type: ignore[misc]
    """Open to all, as MCP clients need it: a client that nobody consents to gets nothing."""

    def authenticate_token(self, _asked: object) -> bool:
        """Let everybody register."""
        return True

    def extract_client_metadata(self, _asked: object) -> dict[str, Any]:
        """Check what the client says of itself; what we do not offer is left out.

        Raises:
            InvalidClientMetadataError: it is no JSON object, or has fields of wrong types.
            InvalidRedirectURIError: it says no addresses to end a sign-in at, or bad ones.
        """
        try:
            said = request.get_json(silent=True)
        except RecursionError:  # brackets within brackets within brackets
            said = None
        if not isinstance(said, dict):
            raise InvalidClientMetadataError("A JSON object is needed.")
        try:
            redirect_uris = check_redirects(said.get("redirect_uris"))
        except Invalid as wrong:
            raise InvalidRedirectURIError(wrong.message) from wrong
        name = said.get("client_name", "")
        method = said.get("token_endpoint_auth_method", _DEFAULT_METHOD)
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
        """Make an id; Authlib alone would also give a secret to a client that has no use for it."""
        return {
            "client_id": f"{_PREFIX}{new_secret()}",
            "client_id_issued_at": int(now().timestamp()),
        }

    def save_client(
        self, info: dict[str, Any], metadata: dict[str, Any], _asked: object
    ) -> dict[str, Any]:
        """Keep the client; return its secret, where it has one."""
        public = metadata["token_endpoint_auth_method"] == AUTH_METHODS[2]
        secret = "" if public else new_secret()
        parts().clients.register(
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
        """Add what only this one answer tells."""
        return client


_server = Server()
_server.register_endpoint(Registration)


@blueprint.post("/register")
def register() -> Response:
    """Register a client.

    Raises:
        RateLimited: too many have.
    """
    answer: Response = _server.create_endpoint_response(Registration.ENDPOINT_NAME)
    return answer
