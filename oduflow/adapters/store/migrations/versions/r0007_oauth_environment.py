"""Which environment a code or a token is for, where it is for one: a name may be given again."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the column; older tokens for one environment prove none, and open nothing any more."""
    for name in ("oauth_codes", "oauth_tokens"):
        with op.batch_alter_table(name) as table:
            table.add_column(sa.Column("environment", sa.Text, nullable=False, server_default=""))
        with op.batch_alter_table(name) as table:
            table.alter_column("environment", existing_type=sa.Text, server_default=None)
