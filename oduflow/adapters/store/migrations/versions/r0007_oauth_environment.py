"""The environment's id in codes and tokens, because a later environment may get the same name."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the column; older tokens for one environment have no id, and so are no longer valid."""
    for name in ("oauth_codes", "oauth_tokens"):
        with op.batch_alter_table(name) as table:
            table.add_column(sa.Column("environment", sa.Text, nullable=False, server_default=""))
        with op.batch_alter_table(name) as table:
            table.alter_column("environment", existing_type=sa.Text, server_default=None)
