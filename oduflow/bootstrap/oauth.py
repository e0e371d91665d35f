"""Build the stores of the OAuth server and its fetcher of client documents."""

from dataclasses import dataclass
from typing import Self

from oduflow.adapters.cimd.documents import DocumentFetcher
from oduflow.adapters.store import (
    OAuthClients,
    OAuthLogins,
    OAuthTokens,
    OAuthTransactions,
    Store,
)
from oduflow.services.groups import StoreGroup


@dataclass(frozen=True, slots=True)
class OAuth:
    """The stores of the OAuth server, and the fetcher of client documents."""

    clients: OAuthClients
    documents: DocumentFetcher
    transactions: OAuthTransactions
    tokens: OAuthTokens
    logins: OAuthLogins

    @classmethod
    def over(cls, store: Store, group: StoreGroup) -> Self:
        """Return the stores over one database."""
        return cls(
            OAuthClients(store),
            DocumentFetcher(),
            OAuthTransactions(store),
            group.tokens,
            group.logins,
        )
