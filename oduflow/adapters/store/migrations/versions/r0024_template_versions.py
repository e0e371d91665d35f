"""Add to templates their version, a description, and defaults of environments."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Change the schema; existing templates are the first version of theirs."""
    with op.batch_alter_table("templates", recreate="always") as table:
        table.add_column(sa.Column("version", sa.Integer, nullable=False, server_default="1"))
        table.add_column(sa.Column("description", sa.Text, nullable=False, server_default=""))
        table.add_column(sa.Column("defaults", sa.Text, nullable=False, server_default="{}"))
    with op.batch_alter_table("templates", recreate="always") as table:
        for name in ("version", "description", "defaults"):
            table.alter_column(name, server_default=None)
