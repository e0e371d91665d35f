"""Who a client id belongs to, in the words of Authlib.

Three kinds: the configured pair (the GitHub App's own id and secret, which a person types into
the client), a document at an https URL, and those that registered. The first comes first, so
nobody can take its id.
"""

import hmac

from authlib.oauth2.rfc6749 import ClientMixin

from oduflow.blueprints.auth.rate_limits import compare_credential
from oduflow.blueprints.oauth.face import FACE, parts, server
from oduflow.blueprints.oauth.metadata import AUTH_METHODS, GRANT_TYPES
from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.clock import now
from oduflow.domain.oauth import SCOPE, ClientKind, OAuthClient, hash_of
from oduflow.domain.redirects import is_registered
from oduflow.settings.server import CLAUDE_CALLBACKS

DOCUMENT_SCHEME = "https://"
CONFIGURED_NAME = "A client set up with this server's own client id"
_WITH_SECRET = AUTH_METHODS[:2]


class Client(ClientMixin):  # type: ignore[misc]
    """A client as Authlib asks about it."""

    def __init__(self, row: OAuthClient) -> None:
        self.row = row

    @property
    def client_id(self) -> str:
        """Its id."""
        return self.row.id

    def get_client_id(self) -> str:
        """Return its id."""
        return self.row.id

    def get_default_redirect_uri(self) -> None:
        """Return nothing: where a sign-in ends is always said."""

    def get_allowed_scope(self, _scope: str | None) -> str:
        """Return the one scope there is."""
        return SCOPE

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Whether a sign-in may end there."""
        return is_registered(redirect_uri, self.row.redirect_uris)

    def check_client_secret(self, client_secret: str) -> bool:
        """Whether that is its secret; a wrong one counts as any wrong credential does."""
        actor = Actor("", ActorKind.OAUTH, self.row.id)
        presented = hash_of(client_secret)

        def compare() -> Actor | None:
            right = hmac.compare_digest(self.row.secret.encode(), presented.encode())
            return actor if right else None

        return compare_credential(FACE, compare) is not None

    def check_endpoint_auth_method(self, method: str, _endpoint: str) -> bool:
        """Whether it may prove itself so: with its secret where it has one."""
        return (method in _WITH_SECRET) if self.row.secret else (method == AUTH_METHODS[2])

    def check_response_type(self, response_type: str) -> bool:
        """Whether it may ask for that: a code."""
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        """Whether it may get tokens so."""
        return grant_type in GRANT_TYPES


def described_client(client_id: str) -> Client | None:
    """Return a client with its redirect URIs; a document is fetched for it."""
    if _is_document(client_id):
        found = parts().documents.find(client_id)
        if found is None:
            return None
        return _of_document(client_id, found.name or client_id, found.redirect_uris)
    return _known(client_id)


def token_client(client_id: str) -> Client | None:
    """Return a client that comes for tokens.

    Nothing is fetched then: a document's client has no secret, and what it presents is bound to
    its id and to where the code was sent.
    """
    if _is_document(client_id):
        return _of_document(client_id, client_id, ())
    return _known(client_id)


def agreed_client(client_id: str, name: str, redirect_uri: str) -> Client | None:
    """Return the client of a sign-in that ends: a document counts as it was when it began."""
    if _is_document(client_id):
        return _of_document(client_id, name, (redirect_uri,))
    return _known(client_id)


def _is_document(client_id: str) -> bool:
    return client_id.startswith(DOCUMENT_SCHEME) and client_id != server().oauth_client_id


def _of_document(client_id: str, name: str, redirect_uris: tuple[str, ...]) -> Client:
    return Client(OAuthClient(client_id, ClientKind.DOCUMENT, name, redirect_uris, now()))


def _known(client_id: str) -> Client | None:
    configured = server()
    if client_id == configured.oauth_client_id:
        return Client(
            OAuthClient(
                client_id,
                ClientKind.CONFIGURED,
                CONFIGURED_NAME,
                configured.oauth_redirect_uris or CLAUDE_CALLBACKS,
                now(),
                secret=hash_of(configured.oauth_client_secret),
            )
        )
    found = parts().clients.get(client_id)
    return Client(found) if found else None
