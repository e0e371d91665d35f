"""The tables of the OAuth server; secrets stand in them as SHA-256 only."""

from sqlalchemy import Column, Index, Table, Text

from oduflow.adapters.store.tables import MOMENT, TREE, WORDS, AsText, metadata
from oduflow.domain.oauth import ClientKind, Stage, TokenKind


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _bearing() -> tuple[Column[str], ...]:
    """Return the columns of what a code or a token is bound to."""
    names = ("family", "client_id", "team", "login", "login_id", "scope", "resource")
    return tuple(map(_text, (*names, "environment")))


clients = Table(
    "oauth_clients",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", AsText(str, ClientKind), nullable=False),
    _text("name"),
    Column("redirect_uris", WORDS, nullable=False),
    Column("created_at", MOMENT, nullable=False),
    _text("secret"),
    _text("address"),
    Column("used_at", MOMENT),
    Index(None, "address", "created_at"),
)

transactions = Table(
    "oauth_transactions",
    metadata,
    Column("id", Text, primary_key=True),
    _text("browser"),
    _text("csrf"),
    Column("stage", AsText(str, Stage), nullable=False),
    _text("client_id"),
    _text("client_name"),
    _text("redirect_uri"),
    _text("resource"),
    Column("request", TREE, nullable=False),
    _text("address"),
    Column("expires_at", MOMENT, nullable=False),
    _text("state"),
    Column("login", Text),
    Column("login_id", Text),
    Index(None, "state"),
    Index(None, "expires_at"),
)

codes = Table(
    "oauth_codes",
    metadata,
    Column("hash", Text, primary_key=True),
    *_bearing(),
    _text("redirect_uri"),
    _text("challenge"),
    Column("expires_at", MOMENT, nullable=False),
    Column("redeemed_at", MOMENT),
    Index(None, "family"),
)

tokens = Table(
    "oauth_tokens",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("kind", AsText(str, TokenKind), nullable=False),
    *_bearing(),
    Column("expires_at", MOMENT, nullable=False),
    Column("rotated_at", MOMENT),
    Index(None, "family"),
    Index(None, "expires_at"),
)

# `login` is in lower case here: GitHub's names differ by more than that.
logins = Table(
    "oauth_logins",
    metadata,
    Column("login", Text, primary_key=True),
    _text("login_id"),
    Column("bound_at", MOMENT, nullable=False),
)
