"""Add the columns for the seals of the audit log; they stay empty in existing rows.

Those rows are not rewritten: the first sealed row names the digest of them all.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the columns."""
    with op.batch_alter_table(
        "audit", recreate="always", table_kwargs={"sqlite_autoincrement": True}
    ) as table:
        table.add_column(sa.Column("previous", sa.Text))
        table.add_column(sa.Column("seal", sa.Text))
