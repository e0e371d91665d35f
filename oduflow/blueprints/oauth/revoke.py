"""Token revocation (RFC 7009)."""

from authlib.oauth2 import OAuth2Request
from authlib.oauth2.rfc7009 import RevocationEndpoint

from oduflow.blueprints.oauth.blueprint import stores
from oduflow.blueprints.oauth.metadata import AUTH_METHODS
from oduflow.blueprints.oauth.presented_token import PresentedToken
from oduflow.domain.oauth import TokenKind, hash_of


class Revocation(RevocationEndpoint):  # type: ignore[misc]
    """Revoking one token of a sign-in revokes all of them."""

    CLIENT_AUTH_METHODS = AUTH_METHODS

    def query_token(self, token: str, _hint: str | None) -> PresentedToken | None:
        """Return the token of either kind; the client's hint is ignored."""
        store, digest = stores().tokens, hash_of(token)
        found = store.find(digest, TokenKind.ACCESS) or store.find(digest, TokenKind.REFRESH)
        return PresentedToken(found) if found else None

    def revoke_token(self, token: PresentedToken, _asked: OAuth2Request) -> None:
        """Revoke all tokens of the sign-in."""
        stores().tokens.end_family(token.binding.family)
