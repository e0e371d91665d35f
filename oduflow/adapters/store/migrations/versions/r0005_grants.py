"""Grants, and what a job must remember of them: whose it is and which environment it is about."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_ADDED = ("subject_id", "environment")


def upgrade() -> None:
    """Make the table, and widen that of jobs."""
    op.create_table(
        "grants",
        _text("id"),
        _text("team"),
        _text("name"),
        _text("digest"),
        sa.Column("parent", sa.Text),
        sa.Column("environments", sa.Text),
        _text("tiers"),
        sa.Column("rest", sa.Boolean, nullable=False),
        sa.Column("calls", sa.Integer),
        sa.Column("used", sa.Integer, nullable=False),
        _text("created_by"),
        _text("created_at"),
        _text("expires_at"),
        sa.PrimaryKeyConstraint("id", name="pk_grants"),
        sa.UniqueConstraint("digest", name="uq_grants_digest"),
        sa.UniqueConstraint("team", "name", name="uq_grants_team_name"),
        sa.ForeignKeyConstraint(
            ["parent"], ["grants.id"], name="fk_grants_parent", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_grants_parent", "grants", ["parent"])
    # The environment of older jobs is unknown, so that no grant may see them.
    with op.batch_alter_table("jobs") as jobs:
        for name in _ADDED:
            jobs.add_column(sa.Column(name, sa.Text, nullable=False, server_default=""))
        jobs.add_column(sa.Column("environments", sa.Text))
    with op.batch_alter_table("jobs") as jobs:
        for name in _ADDED:
            jobs.alter_column(name, server_default=None)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)
