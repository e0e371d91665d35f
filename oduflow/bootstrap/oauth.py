"""Build the stores of the OAuth server and its fetcher of client documents."""

from collections.abc import Callable, Collection
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
    def over(cls, store: Store, group: StoreGroup, schemes: Callable[[], Collection[str]]) -> Self:
        """Return the stores over one database.

        Args:
            store: the database.
            group: its tables.
            schemes: returns the private-use schemes of redirect URIs.
        """
        return cls(
            OAuthClients(store),
            DocumentFetcher(schemes=schemes),
            OAuthTransactions(store),
            group.tokens,
            group.logins,
        )
