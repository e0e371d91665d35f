"""Add to templates the commit of the environment that they were saved from."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0025"


def upgrade() -> None:
    """Change the schema; no existing template was saved from an environment."""
    with op.batch_alter_table("templates", recreate="always") as table:
        table.add_column(sa.Column("commit", sa.Text, nullable=False, server_default=""))
    with op.batch_alter_table("templates", recreate="always") as table:
        table.alter_column("commit", server_default=None)
