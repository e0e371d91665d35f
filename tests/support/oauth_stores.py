"""The OAuth server's stores, in a real SQLite file in a temporary folder."""

import shutil
import tempfile
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path

from oduflow.adapters.store import (
    OAuthClients,
    OAuthLogins,
    OAuthTokens,
    OAuthTransactions,
    Store,
)
from oduflow.blueprints.oauth.ports import GitHubClient
from oduflow.domain.client_documents import ClientDocument
from oduflow.domain.clock import now
from oduflow.domain.errors import UpstreamFailed
from tests.support.empty_store import open_empty_store


@dataclass
class MemoryDocuments:
    """Clients that describe themselves, in a dictionary; `asked` counts the look-ups."""

    known: dict[str, ClientDocument] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def find(self, client_id: str) -> ClientDocument | None:
        self.asked.append(client_id)
        return self.known.get(client_id)

    def cause(self, client_id: str) -> str:
        return f"{client_id} is not a document of this test."


@dataclass
class TemporaryOAuthStores:
    """The stores; the file is created on first use."""

    def __init__(self, clock: Callable[[], datetime] = now) -> None:
        self.clock = clock
        self.documents = MemoryDocuments()
        self.github: GitHubClient = _no_github

    @cached_property
    def store(self) -> Store:
        return fresh_store()

    @cached_property
    def clients(self) -> OAuthClients:
        return OAuthClients(self.store, self.clock)

    @cached_property
    def transactions(self) -> OAuthTransactions:
        return OAuthTransactions(self.store, self.clock)

    @cached_property
    def tokens(self) -> OAuthTokens:
        return OAuthTokens(self.store, self.clock)

    @cached_property
    def logins(self) -> OAuthLogins:
        return OAuthLogins(self.store, self.clock)


def _no_github(
    _method: str, _url: str, _headers: Mapping[str, str], _body: bytes
) -> tuple[int, Mapping[str, str], bytes]:
    raise UpstreamFailed("There is no GitHub.", "Use tests/support/scripted_github.py.")


def fresh_store() -> Store:
    """Return an empty store with an up-to-date schema; its folder goes when it does."""
    folder = Path(tempfile.mkdtemp(prefix="oduflow-test-"))
    store = open_empty_store(folder / "store.sqlite", patience=2)
    weakref.finalize(store, shutil.rmtree, folder, ignore_errors=True)
    return store
