"""Add test runs."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0029"


def upgrade() -> None:
    """Change the schema; a run and its results go with their environment."""
    op.create_table(
        "test_runs",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("environment", sa.Text, nullable=False),
        sa.Column("team", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("clone", sa.Boolean, nullable=False),
        sa.Column("modules", sa.Text, nullable=False),
        sa.Column("tags", sa.Text, nullable=False),
        sa.Column("failed_of", sa.Text, nullable=False),
        sa.Column("commit", sa.Text, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.Column("job", sa.Text, nullable=False),
        sa.Column("finished_at", sa.Text),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("odoo", sa.Text, nullable=False),
        sa.Column("counts", sa.Text, nullable=False),
        sa.Column("results", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_test_runs"),
        sa.ForeignKeyConstraint(
            ["environment"],
            ["environments.id"],
            name="fk_test_runs_environment",
            ondelete="CASCADE",
        ),
    )
    op.create_index(
        "ix_test_runs_environment_created_at", "test_runs", ["environment", "created_at"]
    )
