"""Add to templates the files that they were imported from, by digest."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0032"


def upgrade() -> None:
    """Change the schema; of existing templates no digest is known."""
    with op.batch_alter_table("templates", recreate="always") as table:
        table.add_column(sa.Column("imported", sa.Text))
