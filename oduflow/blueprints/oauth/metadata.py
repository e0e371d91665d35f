"""Metadata of the authorization server and of its resources (RFC 8414, RFC 9728)."""

from typing import Any

from flask import abort

from oduflow.blueprints.oauth.blueprint import base_url, blueprint, server_settings
from oduflow.domain.oauth import PATH, SCOPE, resource_at

AUTH_METHODS = ["client_secret_basic", "client_secret_post", "none"]
GRANT_TYPES = ["authorization_code", "refresh_token"]

_SERVER = "/.well-known/oauth-authorization-server"
_RESOURCE = "/.well-known/oauth-protected-resource"


@blueprint.get(_SERVER)
@blueprint.get(f"{_SERVER}{PATH}")
def authorization_server() -> dict[str, Any]:
    """Return the metadata of the authorization server (RFC 8414, 2)."""
    base = base_url()
    return {
        "issuer": base,
        "authorization_endpoint": f"{base}/authorize",
        "token_endpoint": f"{base}/token",
        "registration_endpoint": f"{base}/register",
        "revocation_endpoint": f"{base}/revoke",
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": GRANT_TYPES,
        "token_endpoint_auth_methods_supported": AUTH_METHODS,
        "revocation_endpoint_auth_methods_supported": AUTH_METHODS,
        "scopes_supported": [SCOPE],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "client_id_metadata_document_supported": server_settings().oauth_client_documents,
    }


@blueprint.get(_RESOURCE)
@blueprint.get(f"{_RESOURCE}{PATH}")
@blueprint.get(f"{_RESOURCE}{PATH}/<environment>")
def protected_resource(environment: str = "") -> dict[str, Any]:
    """Return an MCP endpoint's metadata (RFC 9728, 2), whether or not its environment exists."""
    base = base_url()
    resource = resource_at(base, f"{PATH}/{environment}" if environment else PATH)
    if resource is None:
        abort(404)
    return {
        "resource": resource,
        "authorization_servers": [base],
        "bearer_methods_supported": ["header"],
        "scopes_supported": [SCOPE],
        "resource_name": "Oduflow",
    }
