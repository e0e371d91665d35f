"""The refresh token grant: each token is spent by its first use (OAuth 2.1, 4.3)."""

from authlib.oauth2.rfc6749 import InvalidGrantError, grants

from oduflow.blueprints.oauth.face import parts
from oduflow.blueprints.oauth.metadata import AUTH_METHODS
from oduflow.blueprints.oauth.presented import Presented
from oduflow.domain.oauth import Bearing, TokenKind, hash_of


class RefreshGrant(grants.RefreshTokenGrant):  # type: ignore[misc]
    """Refresh tokens that rotate."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> Presented | None:
        """Return a refresh token that lives; whether it was spent is asked when it is spent."""
        found = parts().tokens.find(hash_of(refresh_token), TokenKind.REFRESH)
        return Presented(found) if found else None

    def validate_token_request(self) -> None:
        """Check the request, then that it means the resource that was agreed to."""
        super().validate_token_request()
        self.request.refresh_token.refuse_other_target()

    def authenticate_user(self, token: Presented) -> Bearing:
        """Return whose token it is.

        Raises:
            InvalidGrantError: they may not come in any more.
        """
        owner = token.owner()
        if owner is None:
            raise InvalidGrantError
        return owner

    def revoke_old_credential(self, _token: Presented) -> None:
        """Do nothing: the token was spent with the same stroke that made the new ones."""
