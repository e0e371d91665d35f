"""The OAuth server: clients, sign-ins under way, codes, tokens, whose login is whose."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the tables."""
    _clients()
    _transactions()
    _codes()
    _tokens()
    op.create_table(
        "oauth_logins",
        _text("login"),
        _text("login_id"),
        _text("bound_at"),
        sa.PrimaryKeyConstraint("login", name="pk_oauth_logins"),
    )


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _bearing() -> tuple[sa.Column[str], ...]:
    names = ("family", "client_id", "team", "login", "login_id", "scope", "resource")
    return tuple(map(_text, names))


def _clients() -> None:
    op.create_table(
        "oauth_clients",
        _text("id"),
        _text("kind"),
        _text("name"),
        _text("redirect_uris"),
        _text("created_at"),
        _text("secret"),
        _text("address"),
        sa.Column("used_at", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_oauth_clients"),
    )
    op.create_index(
        "ix_oauth_clients_address_created_at", "oauth_clients", ["address", "created_at"]
    )


def _transactions() -> None:
    op.create_table(
        "oauth_transactions",
        _text("id"),
        _text("browser"),
        _text("csrf"),
        _text("stage"),
        _text("client_id"),
        _text("client_name"),
        _text("redirect_uri"),
        _text("resource"),
        _text("request"),
        _text("address"),
        _text("expires_at"),
        _text("state"),
        sa.Column("login", sa.Text),
        sa.Column("login_id", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_oauth_transactions"),
    )
    op.create_index("ix_oauth_transactions_state", "oauth_transactions", ["state"])
    op.create_index("ix_oauth_transactions_expires_at", "oauth_transactions", ["expires_at"])


def _codes() -> None:
    op.create_table(
        "oauth_codes",
        _text("hash"),
        *_bearing(),
        _text("redirect_uri"),
        _text("challenge"),
        _text("expires_at"),
        sa.Column("redeemed_at", sa.Text),
        sa.PrimaryKeyConstraint("hash", name="pk_oauth_codes"),
    )
    op.create_index("ix_oauth_codes_family", "oauth_codes", ["family"])


def _tokens() -> None:
    op.create_table(
        "oauth_tokens",
        _text("hash"),
        _text("kind"),
        *_bearing(),
        _text("expires_at"),
        sa.Column("rotated_at", sa.Text),
        sa.PrimaryKeyConstraint("hash", name="pk_oauth_tokens"),
    )
    op.create_index("ix_oauth_tokens_family", "oauth_tokens", ["family"])
    op.create_index("ix_oauth_tokens_expires_at", "oauth_tokens", ["expires_at"])
