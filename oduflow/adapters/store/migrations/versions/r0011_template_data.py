"""Add demo data, language and country to templates."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Change the schema; the templates that exist have none of them."""
    with op.batch_alter_table("templates") as table:
        table.add_column(sa.Column("demo", sa.Boolean, nullable=False, server_default=sa.false()))
        for name in ("language", "country"):
            table.add_column(sa.Column(name, sa.Text, nullable=False, server_default=""))
    with op.batch_alter_table("templates") as table:
        for name in ("demo", "language", "country"):
            table.alter_column(name, server_default=None)
