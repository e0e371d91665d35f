"""What a job is about: the kind of thing, and the name of the environment that it holds."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the columns; jobs from before have neither."""
    with op.batch_alter_table("jobs") as table:
        for name in ("environment_name", "noun"):
            table.add_column(sa.Column(name, sa.Text, nullable=False, server_default=""))
    with op.batch_alter_table("jobs") as table:
        for name in ("environment_name", "noun"):
            table.alter_column(name, existing_type=sa.Text, server_default=None)
