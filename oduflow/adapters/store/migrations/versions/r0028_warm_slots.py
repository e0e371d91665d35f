"""Add warm slots."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    """Change the schema; slots are made when they are needed."""
    op.create_table(
        "warm_slots",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("team", sa.Text, nullable=False),
        sa.Column("template_id", sa.Text, nullable=False),
        sa.Column("recipe", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.Column("uid", sa.Integer),
        sa.Column("port", sa.Integer),
        sa.Column("filestore", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_warm_slots"),
        sa.UniqueConstraint("port", name="uq_warm_slots_port"),
    )
