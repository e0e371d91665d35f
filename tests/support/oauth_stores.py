"""The OAuth server's stores, in a real SQLite file in a temporary folder."""

import shutil
import tempfile
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, cached_property
from pathlib import Path

from oduflow.adapters.store import (
    OAuthClients,
    OAuthLogins,
    OAuthTokens,
    OAuthTransactions,
    Store,
)
from oduflow.domain.client_documents import ClientDocument
from oduflow.domain.clock import now


@dataclass
class MemoryDocuments:
    """Clients that describe themselves, in a dictionary; `asked` counts the look-ups."""

    known: dict[str, ClientDocument] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def find(self, client_id: str) -> ClientDocument | None:
        self.asked.append(client_id)
        return self.known.get(client_id)


@dataclass
class Clock:
    """A clock that a test moves forward."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return now() + self.ahead


class TemporaryOAuthStores:
    """The stores; the file is created on first use."""

    def __init__(self, clock: Callable[[], datetime] = now) -> None:
        self.clock = clock
        self.documents = MemoryDocuments()

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


def fresh_store() -> Store:
    """Return an empty store with an up-to-date schema; its folder goes when it does."""
    folder = Path(tempfile.mkdtemp(prefix="oduflow-test-"))
    store = Store(folder / "store.sqlite", patience=2)
    store.path.write_bytes(_migrated())
    weakref.finalize(store, shutil.rmtree, folder, ignore_errors=True)
    return store


@cache
def _migrated() -> bytes:
    """Migrate once a process; a copy costs a hundredth."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "store.sqlite")
        store.migrate()
        store.close()
        return store.path.read_bytes()
