"""Store which states of its checkout an environment has applied, and a change that is under way."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    """Change the schema; without a state the commit that is checked out counts as applied."""
    for name in ("environments", "snapshots"):
        with op.batch_alter_table(name, recreate="always") as table:
            table.add_column(sa.Column("applied", sa.Text, nullable=False, server_default="[]"))
        with op.batch_alter_table(name, recreate="always") as table:
            table.alter_column("applied", server_default=None)
    with op.batch_alter_table("environments", recreate="always") as table:
        table.add_column(sa.Column("applying", sa.Text))
