"""The stores that the OAuth server needs, and its way to GitHub; `bootstrap` provides them."""

from collections.abc import Mapping
from typing import Protocol

from oduflow.domain.client_documents import ClientDocument
from oduflow.domain.oauth import Code, Login, OAuthClient, Token, TokenKind, TokenPair, Transaction


class ClientStore(Protocol):
    """Registered clients."""

    def register(self, client: OAuthClient) -> None:
        """Store a new client, or raise `RateLimited`."""

    def get(self, client: str) -> OAuthClient | None:
        """Return the client, or None if there is none or it has expired."""


class ClientDocumentLookup(Protocol):
    """Metadata documents of clients, at https URLs."""

    def find(self, client_id: str) -> ClientDocument | None:
        """Return the document, or None if it cannot be fetched or is invalid."""

    def cause(self, client_id: str) -> str:
        """Return in one sentence why `find` returned None a moment ago."""


class TransactionStore(Protocol):
    """Sign-ins under way, until they expire."""

    def add(self, transaction: Transaction) -> None:
        """Store a new sign-in, or raise `RateLimited`."""

    def get(self, transaction: str, browser: str) -> Transaction | None:
        """Return the browser's sign-in, or None."""

    def by_state(self, state: str, browser: str) -> Transaction | None:
        """Return the browser's sign-in by the state that GitHub returned, or None."""

    def advance(self, transaction: Transaction, changed: Transaction) -> bool:
        """Store the next stage. Return False when another request changed it meanwhile."""

    def take(self, transaction: Transaction) -> bool:
        """Delete a sign-in. Return False when another request changed it meanwhile."""


class TokenStore(Protocol):
    """Codes and tokens, by their hashes."""

    def add_code(self, code: Code) -> None:
        """Store a new code."""

    def code(self, hash_: str) -> Code | None:
        """Return a code, also a redeemed or expired one, or None."""

    def redeem(self, hash_: str, client: str, pair: TokenPair) -> bool:
        """Store a pair for a code. Return False, and revoke the tokens, at a second use."""

    def find(self, hash_: str, kind: TokenKind) -> Token | None:
        """Return a token that has not expired, or None."""

    def rotate(self, hash_: str, client: str, pair: TokenPair) -> bool:
        """Store a pair for a refresh token. Return False, and revoke its family, at a late use."""

    def end_family(self, family: str) -> None:
        """Revoke every token of one sign-in."""


class LoginStore(Protocol):
    """The GitHub account number that each login is bound to."""

    def bind(self, login: Login) -> bool:
        """Bind a login at its first sign-in. Return whether it is bound to that number."""

    def is_bound(self, login: Login) -> bool:
        """Return whether the login is bound to that number."""


class GitHubClient(Protocol):
    """Sends one request to GitHub."""

    def __call__(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, /
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Return the status, headers and body of the answer, or raise `UpstreamFailed`.

        It takes some seconds at most; a redirect is an answer like any other.
        """


class OAuthStores(Protocol):
    """All stores of the OAuth server, and its way to GitHub."""

    @property
    def clients(self) -> ClientStore:
        """Registered clients."""

    @property
    def documents(self) -> ClientDocumentLookup:
        """Metadata documents of clients."""

    @property
    def transactions(self) -> TransactionStore:
        """Sign-ins under way."""

    @property
    def tokens(self) -> TokenStore:
        """Codes and tokens."""

    @property
    def logins(self) -> LoginStore:
        """The GitHub account number that each login is bound to."""

    @property
    def github(self) -> GitHubClient:
        """The way to GitHub."""
