"""The authorization code grant with PKCE (OAuth 2.1, 4.1)."""

from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Request, grants
from authlib.oauth2.rfc7636 import CodeChallenge

from oduflow.blueprints.oauth.blueprint import stores
from oduflow.blueprints.oauth.clients import Client
from oduflow.blueprints.oauth.metadata import AUTH_METHODS
from oduflow.blueprints.oauth.presented_token import S256, PresentedToken
from oduflow.domain.clock import now
from oduflow.domain.oauth import CODE_LIFE, Code, TokenBinding, hash_of, new_secret


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
