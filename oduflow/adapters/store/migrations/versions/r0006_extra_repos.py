"""Extra repos, and what environments are pinned to."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the table; environments that exist have none."""
    op.create_table(
        "extra_repos",
        *(sa.Column(name, sa.Text, nullable=False) for name in COLUMNS),
        sa.PrimaryKeyConstraint("id", name="pk_extra_repos"),
        sa.UniqueConstraint("team", "name", name="uq_extra_repos_team_name"),
    )
    with op.batch_alter_table("environments") as table:
        table.add_column(sa.Column("extra_repos", sa.Text, nullable=False, server_default="[]"))
    with op.batch_alter_table("environments") as table:
        table.alter_column("extra_repos", existing_type=sa.Text, server_default=None)


COLUMNS = (
    "id",
    "team",
    "name",
    "repo_url",
    "branch",
    "branches",
    "state",
    "created_by",
    "created_at",
    "fetched_at",
    "step",
    "job",
)
