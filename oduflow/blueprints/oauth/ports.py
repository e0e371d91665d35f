"""What the OAuth server needs of the layers below; `bootstrap` hands it in."""

from typing import Protocol

from oduflow.domain.client_documents import ClientDocument
from oduflow.domain.oauth import Code, Login, OAuthClient, Pair, Token, TokenKind, Transaction


class ClientStore(Protocol):
    """Clients that registered themselves."""

    def register(self, client: OAuthClient) -> None:
        """Write a new client, or raise `RateLimited`."""

    def get(self, client: str) -> OAuthClient | None:
        """Return the client, or None where there is none or it expired."""


class ClientDocuments(Protocol):
    """Clients that describe themselves at a URL of theirs."""

    def find(self, client_id: str) -> ClientDocument | None:
        """Return the document, or None whatever the reason is."""


class TransactionStore(Protocol):
    """Sign-ins on their way; those that expired are not there."""

    def add(self, transaction: Transaction) -> None:
        """Write a new sign-in, or raise `RateLimited`."""

    def get(self, transaction: str, browser: str) -> Transaction | None:
        """Return the sign-in of that browser, or None."""

    def by_state(self, state: str, browser: str) -> Transaction | None:
        """Return the sign-in of that browser that gave GitHub that state, or None."""

    def advance(self, seen: Transaction, changed: Transaction) -> bool:
        """Write the next step; False when another request took a step meanwhile."""

    def take(self, seen: Transaction) -> bool:
        """End a sign-in; False when another request took a step meanwhile."""


class TokenStore(Protocol):
    """Codes and tokens, by their hashes."""

    def add_code(self, code: Code) -> None:
        """Write a new code."""

    def code(self, hash_: str) -> Code | None:
        """Return a code, also one that was redeemed or has expired, or None."""

    def redeem(self, hash_: str, client: str, pair: Pair) -> bool:
        """Give a pair for a code, once; a second use kills what the first gave."""

    def find(self, hash_: str, kind: TokenKind) -> Token | None:
        """Return a token that has not expired, or None."""

    def rotate(self, hash_: str, client: str, pair: Pair) -> bool:
        """Give a pair for a refresh token; a late second use kills the family."""

    def end_family(self, family: str) -> None:
        """Kill every token of one sign-in."""


class LoginStore(Protocol):
    """Which number each login belongs to."""

    def bind(self, login: Login) -> bool:
        """Bind a login at its first sign-in; whether it is bound to that number."""

    def is_bound(self, login: Login) -> bool:
        """Whether the login is bound to that number."""


class OAuthParts(Protocol):
    """All of them."""

    @property
    def clients(self) -> ClientStore:
        """Clients that registered themselves."""

    @property
    def documents(self) -> ClientDocuments:
        """Clients that describe themselves."""

    @property
    def transactions(self) -> TransactionStore:
        """Sign-ins on their way."""

    @property
    def tokens(self) -> TokenStore:
        """Codes and tokens."""

    @property
    def logins(self) -> LoginStore:
        """Which number each login belongs to."""
