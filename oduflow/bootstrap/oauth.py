"""What the OAuth server stores, and where it fetches clients' documents."""

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
    """The stores of the OAuth server."""

    clients: OAuthClients
    documents: DocumentFetcher
    transactions: OAuthTransactions
    tokens: OAuthTokens
    logins: OAuthLogins

    @classmethod
    def over(cls, store: Store, group: StoreGroup) -> Self:
        """Make it over a store."""
        return cls(
            OAuthClients(store),
            DocumentFetcher(),
            OAuthTransactions(store),
            group.tokens,
            group.logins,
        )
