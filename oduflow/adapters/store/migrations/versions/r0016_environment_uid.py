"""Add to environments the user of the host that their Odoo runs as."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0013"


def upgrade() -> None:
    """Change the schema; existing environments keep the user of their image."""
    with op.batch_alter_table("environments", recreate="always") as table:
        table.add_column(sa.Column("uid", sa.Integer))
