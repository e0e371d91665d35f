"""Add the table of measured sizes."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Change the schema; sizes are measured within minutes."""
    op.create_table(
        "sizes",
        sa.Column("team", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("own", sa.Integer, nullable=False),
        sa.Column("shared", sa.Integer, nullable=False),
        sa.Column("measured_at", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("team", "id", name="pk_sizes"),
    )
