"""The refresh token grant: each token is valid for one use (OAuth 2.1, 4.3)."""

from authlib.oauth2.rfc6749 import InvalidGrantError, grants

from oduflow.blueprints.oauth.blueprint import stores
from oduflow.blueprints.oauth.metadata import AUTH_METHODS
from oduflow.blueprints.oauth.presented_token import PresentedToken
from oduflow.domain.oauth import TokenBinding, TokenKind, hash_of


class RefreshGrant(grants.RefreshTokenGrant):  # type: ignore[misc]
    """Refresh tokens that are rotated at each use."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> PresentedToken | None:
        """Return a refresh token that has not expired; `rotate` checks whether it was used."""
        found = stores().tokens.find(hash_of(refresh_token), TokenKind.REFRESH)
        return PresentedToken(found) if found else None

    def validate_token_request(self) -> None:
        """Check the request, and that its resource is the one that the person consented to."""
        super().validate_token_request()
        self.request.refresh_token.require_same_resource()

    def authenticate_user(self, token: PresentedToken) -> TokenBinding:
        """Return the token's binding.

        Raises:
            InvalidGrantError: its owner may not sign in any more.
        """
        owner = token.owner()
        if owner is None:
            raise InvalidGrantError
        return owner

    def revoke_old_credential(self, _token: PresentedToken) -> None:
        """Do nothing: the transaction that stored the new tokens marked the old one as used."""
