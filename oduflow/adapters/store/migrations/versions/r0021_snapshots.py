"""Add snapshots of environments."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Change the schema."""
    op.create_table(
        "snapshots",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("environment", sa.Text, nullable=False),
        sa.Column("team", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("automatic", sa.Boolean, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("repo_url", sa.Text, nullable=False),
        sa.Column("branch", sa.Text, nullable=False),
        sa.Column("requested_branch", sa.Text),
        sa.Column("commit", sa.Text, nullable=False),
        sa.Column("kept", sa.Text, nullable=False),
        sa.Column("odoo_image", sa.Text, nullable=False),
        sa.Column("modules", sa.Text, nullable=False),
        sa.Column("addons", sa.Text, nullable=False),
        sa.Column("python_deps", sa.Text, nullable=False),
        sa.Column("extra_repos", sa.Text, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(
            ["environment"], ["environments.id"], name="fk_snapshots_environment"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_snapshots"),
        sa.UniqueConstraint("environment", "name", name="uq_snapshots_environment_name"),
    )
