"""Add to jobs what a waiting job will start Odoo for."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Change the schema; a job that waits now is counted as the shorter kind."""
    with op.batch_alter_table("jobs", recreate="always") as table:
        table.add_column(sa.Column("boot", sa.Text))
    op.execute("UPDATE jobs SET boot = 'serve' WHERE position > 0")
