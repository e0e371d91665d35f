"""Record how the filestore of an environment is kept."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0016"


def upgrade() -> None:
    """Change the schema; the filestore of an environment that exists is in its volume."""
    with op.batch_alter_table("environments") as table:
        table.add_column(sa.Column("filestore", sa.Text, nullable=False, server_default="volume"))
    with op.batch_alter_table("environments") as table:
        table.alter_column("filestore", server_default=None)
