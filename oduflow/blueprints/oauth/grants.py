"""The grants of codes and refresh tokens (OAuth 2.1, 4.1 and 4.3), and revocation (RFC 7009)."""

from authlib.oauth2.rfc6749 import (
    InvalidGrantError,
    InvalidRequestError,
    OAuth2Request,
    TokenMixin,
    grants,
)
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge
from flask import request

from oduflow.blueprints.oauth.blueprint import (
    InvalidTarget,
    base_url,
    current_teams,
    environment_id,
    stores,
)
from oduflow.blueprints.oauth.clients import Client
from oduflow.blueprints.oauth.metadata import AUTH_METHODS
from oduflow.domain.clock import now
from oduflow.domain.oauth import (
    CODE_LIFE,
    Code,
    Token,
    TokenBinding,
    TokenKind,
    asked_resource,
    hash_of,
    new_secret,
)

S256 = "S256"


class PresentedToken(TokenMixin):  # type: ignore[misc]
    """Authlib's view of a code or a token that is in the store."""

    code_challenge_method = S256

    def __init__(self, row: Code | Token) -> None:
        self.hash = row.hash
        self.binding: TokenBinding = row.binding
        self.redirect_uri = row.redirect_uri if isinstance(row, Code) else None
        self.code_challenge = row.challenge if isinstance(row, Code) else None

    def check_client(self, client: Client) -> bool:
        """Return whether it was issued to the client."""
        return self.binding.client_id == client.client_id

    def get_scope(self) -> str:
        """Return the scope."""
        return self.binding.scope

    def get_redirect_uri(self) -> str | None:
        """Return the redirect URI of a code; None for a token."""
        return self.redirect_uri

    def owner(self) -> TokenBinding | None:
        """Return the binding, or None if its owner may not sign in or its environment is gone."""
        login, team = self.binding.login, self.binding.team
        if not self.binding.still_valid(environment_id):
            return None
        may_sign_in = team in current_teams(login.name) and stores().logins.is_bound(login)
        return self.binding if may_sign_in else None

    def require_same_resource(self) -> None:
        """Refuse a request for another resource than the person consented to (RFC 8707, 2.2).

        Raises:
            InvalidTarget: the request names another resource.
        """
        asked = request.form.getlist("resource")
        if asked and asked_resource(base_url(), asked) != self.binding.resource:
            raise InvalidTarget


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


class S256Only(CodeChallenge):  # type: ignore[misc]
    """Require PKCE with S256 from every client; Authlib alone accepts none, or `plain`."""

    SUPPORTED_CODE_CHALLENGE_METHOD = [S256]  # noqa: RUF012

    def validate_code_challenge(self, grant: "CodeGrant", redirect_uri: str) -> None:
        """Refuse an authorization request without an S256 challenge (RFC 7636, 4.4.1).

        Raises:
            InvalidRequestError: the challenge is missing, or of another method.
        """
        given = grant.request.payload.data
        if not given.get("code_challenge") or given.get("code_challenge_method") != S256:
            raise InvalidRequestError("PKCE with code_challenge_method=S256 is required.")
        super().validate_code_challenge(grant, redirect_uri)


class CodeGrant(grants.AuthorizationCodeGrant):  # type: ignore[misc]
    """Codes that are valid for a minute, once, for one client and one redirect URI."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS

    def generate_authorization_code(self) -> str:
        """Return a new code."""
        return new_secret()

    def save_authorization_code(self, code: str, asked: OAuth2Request) -> None:
        """Store a code's hash with its binding."""
        binding: TokenBinding = asked.user
        given = asked.payload.data
        row = Code(
            hash_of(code),
            binding,
            redirect_uri=given["redirect_uri"],
            challenge=given["code_challenge"],
            expires_at=now() + CODE_LIFE,
        )
        stores().tokens.add_code(row)

    def query_authorization_code(self, code: str, client: Client) -> PresentedToken | None:
        """Return a code that this client may redeem, or None.

        A second use of a redeemed code revokes its tokens. The code is not redeemed here, so an
        invalid request leaves it usable.
        """
        found = stores().tokens.code(hash_of(code))
        if found is None or found.binding.client_id != client.client_id:
            return None
        if found.redeemed_at is not None:
            stores().tokens.end_family(found.binding.family)
            return None
        return PresentedToken(found) if found.expires_at > now() else None

    def validate_token_request(self) -> None:
        """Check the request, and that its resource is the one that the person consented to."""
        super().validate_token_request()
        self.request.authorization_code.require_same_resource()

    def authenticate_user(self, code: PresentedToken) -> TokenBinding | None:
        """Return the code's binding, or None if its owner may not sign in any more."""
        return code.owner()

    def delete_authorization_code(self, _code: PresentedToken) -> None:
        """Do nothing: the transaction that stored the tokens redeemed the code."""
