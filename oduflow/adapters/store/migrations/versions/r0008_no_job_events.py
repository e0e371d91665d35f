"""Drop the rows of each progress line: a job keeps its last progress, and no code read the rest."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Drop the table and its index."""
    op.drop_table("job_events")
