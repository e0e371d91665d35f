"""The authorization code grant with PKCE (OAuth 2.1, 4.1)."""

from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Request, grants
from authlib.oauth2.rfc7636 import CodeChallenge

from oduflow.blueprints.oauth.clients import Client
from oduflow.blueprints.oauth.face import parts
from oduflow.blueprints.oauth.metadata import AUTH_METHODS
from oduflow.blueprints.oauth.presented import S256, Presented
from oduflow.domain.clock import now
from oduflow.domain.oauth import CODE_LIFE, Bearing, Code, hash_of, new_secret


class S256Only(CodeChallenge):  # type: ignore[misc]
    """PKCE for every client; Authlib alone would take none, or `plain`, at `/authorize`."""

    SUPPORTED_CODE_CHALLENGE_METHOD = [S256]  # noqa: RUF012

    def validate_code_challenge(self, grant: "CodeGrant", redirect_uri: str) -> None:
        """Refuse a sign-in without a challenge by S256 (RFC 7636, 4.4.1).

        Raises:
            InvalidRequestError: it is such a sign-in.
        """
        given = grant.request.payload.data
        if not given.get("code_challenge") or given.get("code_challenge_method") != S256:
            raise InvalidRequestError("PKCE with code_challenge_method=S256 is required.")
        super().validate_code_challenge(grant, redirect_uri)


class CodeGrant(grants.AuthorizationCodeGrant):  # type: ignore[misc]
    """Codes that live a minute, are used once, and go to one client and one address."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS

    def generate_authorization_code(self) -> str:
        """Make a code."""
        return new_secret()

    def save_authorization_code(self, code: str, asked: OAuth2Request) -> None:
        """Keep a code's hash with all that it is bound to."""
        bearing: Bearing = asked.user
        given = asked.payload.data
        row = Code(
            hash_of(code),
            bearing,
            redirect_uri=given["redirect_uri"],
            challenge=given["code_challenge"],
            expires_at=now() + CODE_LIFE,
        )
        parts().tokens.add_code(row)

    def query_authorization_code(self, code: str, client: Client) -> Presented | None:
        """Return a code that this client may redeem; a redeemed one kills what it gave.

        Nothing is spent here: whatever is wrong with the rest of the request leaves the code.
        """
        found = parts().tokens.code(hash_of(code))
        if found is None or found.bearing.client_id != client.client_id:
            return None
        if found.redeemed_at is not None:
            parts().tokens.end_family(found.bearing.family)
            return None
        return Presented(found) if found.expires_at > now() else None

    def validate_token_request(self) -> None:
        """Check the request, then that it means the resource that was agreed to."""
        super().validate_token_request()
        self.request.authorization_code.refuse_other_target()

    def authenticate_user(self, code: Presented) -> Bearing | None:
        """Return whose code it is, if they may still come in."""
        return code.owner()

    def delete_authorization_code(self, _code: Presented) -> None:
        """Do nothing: the code was spent with the same stroke that made its tokens."""
