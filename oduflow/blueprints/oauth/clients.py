"""OAuth clients as Authlib sees them.

There are three kinds: the configured client (the GitHub App's own id and secret, which a person
types into the client program), a metadata document at an https URL, and registered clients. The
configured one is looked up first, so no other client can take its id.
"""

import hmac

from authlib.oauth2.rfc6749 import ClientMixin

from oduflow.blueprints.auth.rate_limits import compare_credential
from oduflow.blueprints.oauth.blueprint import FACE, server_settings, stores
from oduflow.blueprints.oauth.metadata import AUTH_METHODS, GRANT_TYPES
from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.clock import now
from oduflow.domain.oauth import SCOPE, ClientKind, OAuthClient, hash_of
from oduflow.domain.redirects import is_registered
from oduflow.settings import CLAUDE_CALLBACKS

DOCUMENT_SCHEME = "https://"
CONFIGURED_NAME = "A client set up with this server's own client id"
_WITH_SECRET = AUTH_METHODS[:2]


class Client(ClientMixin):  # type: ignore[misc]
    """Authlib's view of a client."""

    def __init__(self, row: OAuthClient) -> None:
        self.row = row

    @property
    def client_id(self) -> str:
        """The client's id."""
        return self.row.id

    def get_client_id(self) -> str:
        """Return the client's id."""
        return self.row.id

    def get_default_redirect_uri(self) -> None:
        """Return None: a request must always name its redirect URI."""

    def get_allowed_scope(self, _scope: str | None) -> str:
        """Return the only scope."""
        return SCOPE

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Return whether the client registered the redirect URI."""
        schemes = server_settings().redirect_schemes
        return is_registered(redirect_uri, self.row.redirect_uris, schemes)

    def check_client_secret(self, client_secret: str) -> bool:
        """Compare the client's secret; a wrong one counts against the rate limits."""
        actor = Actor("", ActorKind.OAUTH, self.row.id)
        presented = hash_of(client_secret)

        def compare() -> Actor | None:
            is_right = hmac.compare_digest(self.row.secret.encode(), presented.encode())
            return actor if is_right else None

        presented_by = f"{self.row.id} {presented}"
        return compare_credential(FACE, compare, presented=presented_by, is_random=True) is not None

    def check_endpoint_auth_method(self, method: str, _endpoint: str) -> bool:
        """Return whether the client may use this method; one with a secret must present it."""
        return (method in _WITH_SECRET) if self.row.secret else (method == AUTH_METHODS[2])

    def check_response_type(self, response_type: str) -> bool:
        """Return whether the client may ask for this response type: only for a code."""
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        """Return whether the client may use this grant type."""
        return grant_type in GRANT_TYPES


def find_client(client_id: str) -> Client | None:
    """Return a client with its redirect URIs, or None; fetches a metadata document."""
    if not _is_document(client_id):
        return known_client(client_id)
    if not server_settings().oauth_client_documents:
        return None
    found = stores().documents.find(client_id)
    return known_client(client_id, found.name, found.redirect_uris) if found else None


def why_unknown(client_id: str) -> str:
    """Return why `find_client` knows no client of this id, for the person who signs in."""
    if not _is_document(client_id):
        return "It is not registered here, or its registration expired."
    if not server_settings().oauth_client_documents:
        return "This server fetches no documents of clients: the client must register."
    return stores().documents.cause(client_id)


def known_client(
    client_id: str, name: str = "", redirect_uris: tuple[str, ...] = ()
) -> Client | None:
    """Return a client, or None, without fetching its metadata document.

    A token request needs no document: such a client has no secret, and its code is bound to its id
    and its redirect URI.

    Args:
        client_id: the client's id.
        name: the name in its document.
        redirect_uris: those of its document that are known.
    """
    if _is_document(client_id):
        name = name or client_id
        return Client(OAuthClient(client_id, ClientKind.DOCUMENT, name, redirect_uris, now()))

    configured = server_settings()
    if client_id == configured.oauth_client_id:
        return Client(
            OAuthClient(
                client_id,
                ClientKind.CONFIGURED,
                CONFIGURED_NAME,
                configured_redirect_uris(),
                now(),
                secret=hash_of(configured.oauth_client_secret),
            )
        )
    found = stores().clients.get(client_id)
    return Client(found) if found else None


def configured_redirect_uris() -> tuple[str, ...]:
    """Return the redirect URIs that the operator chose, or else Claude's."""
    return server_settings().oauth_redirect_uris or CLAUDE_CALLBACKS


def _is_document(client_id: str) -> bool:
    return client_id.startswith(DOCUMENT_SCHEME) and client_id != server_settings().oauth_client_id
