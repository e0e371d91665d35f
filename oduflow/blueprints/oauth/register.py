"""`/register`: dynamic client registration (RFC 7591).

Authlib's endpoint for it loads the keys of JWTs for signed software statements, which are not
accepted here: 3 MB of memory.
"""

from typing import Any

from authlib.consts import default_json_headers
from authlib.oauth2 import OAuth2Error
from flask import Response, request

from oduflow.blueprints.oauth.blueprint import (
    blueprint,
    counted_address,
    server_settings,
    stores,
)
from oduflow.blueprints.oauth.metadata import AUTH_METHODS, GRANT_TYPES
from oduflow.blueprints.oauth.server import tokens
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


class InvalidRedirectURI(OAuth2Error):  # type: ignore[misc]
    """Redirect URIs are missing, or one is not allowed (RFC 7591, 3.2.2)."""

    error = "invalid_redirect_uri"


class InvalidClientMetadata(OAuth2Error):  # type: ignore[misc]
    """The metadata is not a JSON object, or a field has a wrong type (RFC 7591, 3.2.2)."""

    error = "invalid_client_metadata"


@blueprint.post("/register")
def register() -> Response:
    """Register a client without authentication, as MCP clients need it; access needs consent.

    Raises:
        RateLimited: too many clients have registered lately.
    """
    try:
        metadata = _metadata()
    except OAuth2Error as wrong:
        refusal: Response = tokens.handle_error_response(None, wrong)
        return refusal
    answer: Response = tokens.handle_response(201, _registered(metadata), default_json_headers)
    return answer


def _metadata() -> dict[str, Any]:
    """Return the client's metadata after checking it; unsupported fields are left out.

    Raises:
        InvalidClientMetadata: it is not a JSON object, or a field has a wrong type.
        InvalidRedirectURI: redirect URIs are missing, or not allowed.
    """
    try:
        sent = request.get_json(silent=True)
    except RecursionError:  # deeply nested brackets
        sent = None
    if not isinstance(sent, dict):
        raise InvalidClientMetadata("A JSON object is needed.")
    try:
        redirect_uris = check_redirects(
            sent.get("redirect_uris"), server_settings().redirect_schemes
        )
    except Invalid as wrong:
        raise InvalidRedirectURI(error_description(f"{wrong.message} {wrong.hint}")) from wrong
    name = sent.get("client_name", "")
    method = sent.get("token_endpoint_auth_method", _DEFAULT_METHOD)
    if not isinstance(name, str) or method not in AUTH_METHODS:
        raise InvalidClientMetadata("client_name or token_endpoint_auth_method is wrong.")
    return {
        "client_name": "".join(filter(str.isprintable, name))[:MAX_NAME],
        "redirect_uris": list(redirect_uris),
        "token_endpoint_auth_method": method,
        "grant_types": GRANT_TYPES,
        "response_types": ["code"],
        "scope": SCOPE,
    }


def _registered(metadata: dict[str, Any]) -> dict[str, Any]:
    """Store the client. Return its information (RFC 7591, 3.2.1), with its secret if it has one."""
    moment = now()
    public = metadata["token_endpoint_auth_method"] == AUTH_METHODS[2]
    secret = "" if public else new_secret()
    client = OAuthClient(
        f"{_PREFIX}{new_secret()}",
        ClientKind.REGISTERED,
        metadata["client_name"],
        tuple(metadata["redirect_uris"]),
        moment,
        secret=hash_of(secret) if secret else "",
        address=counted_address(),
    )
    stores().clients.register(client)
    issued = {"client_id": client.id, "client_id_issued_at": int(moment.timestamp())}
    shown = {"client_secret": secret, "client_secret_expires_at": 0} if secret else {}
    return metadata | issued | shown
