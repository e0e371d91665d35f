"""Record whether an environment has ever served."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Change the schema; an environment that exists counts as one that served."""
    with op.batch_alter_table("environments") as table:
        table.add_column(sa.Column("served", sa.Boolean, nullable=False, server_default=sa.true()))
    with op.batch_alter_table("environments") as table:
        table.alter_column("served", server_default=None)
