"""The tables of the OAuth server, and the base of its stores; secrets are kept as SHA-256."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Column, Index, Table, Text

from oduflow.adapters.store.engine import Store
from oduflow.adapters.store.tables import (
    MOMENT,
    TREE,
    WORDS,
    AsText,
    metadata,
    text_column,
    text_columns,
)
from oduflow.domain.clock import now
from oduflow.domain.oauth import ClientKind, Stage, TokenKind


def _binding_columns() -> tuple[Column[str], ...]:
    """Return the columns of a code's or a token's binding."""
    names = ("family", "client_id", "team", "login", "login_id", "scope", "resource")
    return text_columns(*names, "environment")


clients = Table(
    "oauth_clients",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", AsText(str, ClientKind), nullable=False),
    text_column("name"),
    Column("redirect_uris", WORDS, nullable=False),
    Column("created_at", MOMENT, nullable=False),
    *text_columns("secret", "address"),
    Column("used_at", MOMENT),
    Index(None, "address", "created_at"),
)

transactions = Table(
    "oauth_transactions",
    metadata,
    Column("id", Text, primary_key=True),
    *text_columns("browser", "csrf"),
    Column("stage", AsText(str, Stage), nullable=False),
    *text_columns("client_id", "client_name", "redirect_uri", "resource"),
    Column("request", TREE, nullable=False),
    text_column("address"),
    Column("expires_at", MOMENT, nullable=False),
    text_column("state"),
    Column("login", Text),
    Column("login_id", Text),
    Index(None, "state"),
    Index(None, "expires_at"),
)

codes = Table(
    "oauth_codes",
    metadata,
    Column("hash", Text, primary_key=True),
    *_binding_columns(),
    *text_columns("redirect_uri", "challenge"),
    Column("expires_at", MOMENT, nullable=False),
    Column("redeemed_at", MOMENT),
    Index(None, "family"),
)

tokens = Table(
    "oauth_tokens",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("kind", AsText(str, TokenKind), nullable=False),
    *_binding_columns(),
    Column("expires_at", MOMENT, nullable=False),
    Column("rotated_at", MOMENT),
    Index(None, "family"),
    Index(None, "expires_at"),
)

# `login` is in lower case, because GitHub's names do not differ by case alone.
logins = Table(
    "oauth_logins",
    metadata,
    Column("login", Text, primary_key=True),
    text_column("login_id"),
    Column("bound_at", MOMENT, nullable=False),
)


class OAuthRows:
    """Rows that expire.

    Args:
        store: where the tables are.
        clock: returns the time.
    """

    def __init__(self, store: Store, clock: Callable[[], datetime] = now) -> None:
        self._store = store
        self._clock = clock
