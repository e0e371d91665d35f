"""Add to templates what they were imported from, and the proof that they were neutralised."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

_TEXTS = ("source", "odoo_version", "postgres_version")


def upgrade() -> None:
    """Change the schema; no existing template was imported."""
    with op.batch_alter_table("templates") as table:
        for name in _TEXTS:
            table.add_column(sa.Column(name, sa.Text, nullable=False, server_default=""))
        table.add_column(sa.Column("size", sa.Integer))
        table.add_column(sa.Column("neutralised", sa.Text))
    with op.batch_alter_table("templates") as table:
        for name in _TEXTS:
            table.alter_column(name, server_default=None)
