"""Store everything that a job locks, in place of one environment's name."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"

_ENVIRONMENTS = """
UPDATE jobs SET holds = json_array(json_object('noun', 'environment', 'name', environment_name))
WHERE environment_name != ''
"""
_OTHERS = """
UPDATE jobs SET holds = json_array(json_object('noun', noun, 'name', target))
WHERE environment_name = '' AND noun IN ('template', 'extra_repo')
"""


def upgrade() -> None:
    """Change the schema; of a job that locks two things the older row knows one."""
    with op.batch_alter_table("jobs", recreate="always") as table:
        table.add_column(sa.Column("holds", sa.Text, nullable=False, server_default="[]"))
    op.execute(_ENVIRONMENTS)
    op.execute(_OTHERS)
    with op.batch_alter_table("jobs", recreate="always") as table:
        table.drop_column("environment_name")
        table.alter_column("holds", server_default=None)
