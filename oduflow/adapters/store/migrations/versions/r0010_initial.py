"""The schema of the first release; the constraints get their names from the naming convention."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    _environments()
    _jobs_and_grants()
    _audit()
    _rate_limits()
    _oauth()
    op.create_table("facts", _key("key"), *_texts("value"))


def _key(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, primary_key=True)


def _texts(*names: str) -> tuple[sa.Column[str], ...]:
    return tuple(sa.Column(name, sa.Text, nullable=False) for name in names)


def _nullable(*names: str) -> tuple[sa.Column[str], ...]:
    return tuple(sa.Column(name, sa.Text) for name in names)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False)


def _environments() -> None:
    op.create_table(
        "templates",
        _key("id"),
        *_texts("team", "name", "odoo_image", "modules", "state", "created_by", "created_at"),
        *_texts("step", "job"),
        sa.UniqueConstraint("team", "name"),
    )
    op.create_table(
        "environments",
        _key("id"),
        *_texts("team", "name", "repo_url", "branch"),
        *_nullable("requested_branch"),
        sa.Column("template_id", sa.Text, sa.ForeignKey("templates.id"), nullable=False),
        *_texts("template", "odoo_image", "modules", "state", "created_by", "created_at"),
        *_texts("commit", "step", "job"),
        sa.Column("port", sa.Integer, unique=True),
        _flag("protected"),
        *_nullable("error"),
        *_texts("addons", "python_deps", "extra_repos"),
        sa.UniqueConstraint("team", "name"),
    )
    op.create_table(
        "extra_repos",
        _key("id"),
        *_texts("team", "name", "repo_url", "branch", "branches", "state"),
        *_texts("created_by", "created_at", "fetched_at", "step", "job"),
        sa.UniqueConstraint("team", "name"),
    )


def _jobs_and_grants() -> None:
    op.create_table(
        "jobs",
        _key("id"),
        *_texts("operation", "target", "team", "actor_kind", "subject", "subject_id", "tiers"),
        *_nullable("environments"),
        *_texts("environment", "environment_name", "noun", "face", "status"),
        *_texts("created_at", "updated_at"),
        *_nullable("queued_at"),
        _number("position"),
        *_nullable("step", "message"),
        sa.Column("done", sa.Integer),
        sa.Column("total", sa.Integer),
        *_nullable("result"),
        _flag("cancel_requested"),
        _number("holder"),
        sa.Index(None, "team", "created_at"),
        sa.Index(None, "status"),
    )
    op.create_table(
        "grants",
        _key("id"),
        *_texts("team", "name"),
        sa.Column("digest", sa.Text, nullable=False, unique=True),
        sa.Column("parent", sa.Text, sa.ForeignKey("grants.id", ondelete="CASCADE")),
        *_nullable("environments"),
        *_texts("tiers"),
        _flag("rest"),
        sa.Column("calls", sa.Integer),
        _number("used"),
        *_texts("created_by", "created_at", "expires_at"),
        sa.UniqueConstraint("team", "name"),
        sa.Index(None, "parent"),
    )


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("number", sa.Integer, primary_key=True),
        *_texts("time", "team", "canonical"),
        *_nullable("previous", "seal"),
        sa.Index(None, "team", "number"),
        sqlite_autoincrement=True,
    )


def _rate_limits() -> None:
    op.create_table("attempts", _key("key"), _number("clear_at"), sa.Index(None, "clear_at"))
    op.create_table("sign_ins", _key("source"), _key("team"), _number("at"), sa.Index(None, "at"))


def _oauth() -> None:
    binding = ("family", "client_id", "team", "login", "login_id", "scope", "resource")
    op.create_table(
        "oauth_clients",
        _key("id"),
        *_texts("kind", "name", "redirect_uris", "created_at", "secret", "address"),
        *_nullable("used_at"),
        sa.Index(None, "address", "created_at"),
    )
    op.create_table(
        "oauth_transactions",
        _key("id"),
        *_texts("browser", "csrf", "stage", "client_id", "client_name", "redirect_uri"),
        *_texts("resource", "request", "address", "expires_at", "state"),
        *_nullable("login", "login_id"),
        sa.Index(None, "state"),
        sa.Index(None, "expires_at"),
    )
    op.create_table(
        "oauth_codes",
        _key("hash"),
        *_texts(*binding, "environment", "redirect_uri", "challenge", "expires_at"),
        *_nullable("redeemed_at"),
        sa.Index(None, "family"),
    )
    op.create_table(
        "oauth_tokens",
        _key("hash"),
        *_texts("kind", *binding, "environment", "expires_at"),
        *_nullable("rotated_at"),
        sa.Index(None, "family"),
        sa.Index(None, "expires_at"),
    )
    op.create_table("oauth_logins", _key("login"), *_texts("login_id", "bound_at"))
