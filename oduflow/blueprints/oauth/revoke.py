"""Give tokens back (RFC 7009)."""

from authlib.oauth2 import OAuth2Request
from authlib.oauth2.rfc7009 import RevocationEndpoint

from oduflow.blueprints.oauth.face import parts
from oduflow.blueprints.oauth.metadata import AUTH_METHODS
from oduflow.blueprints.oauth.presented import Presented
from oduflow.domain.oauth import TokenKind, hash_of


class Revocation(RevocationEndpoint):  # type: ignore[misc]
    """Any token of a sign-in ends the whole of it."""

    CLIENT_AUTH_METHODS = AUTH_METHODS

    def query_token(self, token: str, _hint: str | None) -> Presented | None:
        """Return the token, whatever the client says it is."""
        store, digest = parts().tokens, hash_of(token)
        found = store.find(digest, TokenKind.ACCESS) or store.find(digest, TokenKind.REFRESH)
        return Presented(found) if found else None

    def revoke_token(self, token: Presented, _asked: OAuth2Request) -> None:
        """Kill its family."""
        parts().tokens.end_family(token.bearing.family)
