"""Build the stores of the OAuth server, its fetcher of client documents, and its way to GitHub."""

import ssl
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Self

from oduflow.adapters.cimd.documents import DocumentFetcher
from oduflow.adapters.providers.github_client import BoundedGitHubClient
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
    """The stores of the OAuth server, the fetcher of client documents, and the way to GitHub."""

    clients: OAuthClients
    documents: DocumentFetcher
    transactions: OAuthTransactions
    tokens: OAuthTokens
    logins: OAuthLogins
    github: BoundedGitHubClient

    @classmethod
    def over(
        cls,
        store: Store,
        group: StoreGroup,
        schemes: Callable[[], Collection[str]],
        context: ssl.SSLContext | None,
    ) -> Self:
        """Return the stores over one database.

        Args:
            store: the database.
            group: its tables.
            schemes: returns the private-use schemes of redirect URIs.
            context: which certificates GitHub is trusted by; None for the system's.
        """
        return cls(
            OAuthClients(store),
            DocumentFetcher(schemes=schemes),
            OAuthTransactions(store),
            group.tokens,
            group.logins,
            BoundedGitHubClient(context),
        )
