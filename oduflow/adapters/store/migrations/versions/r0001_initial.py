"""The first schema: templates, environments, jobs, audit, facts."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    _templates()
    _environments()
    _jobs()
    op.create_table(
        "audit",
        sa.Column("number", sa.Integer, nullable=False),
        _text("time"),
        _text("team"),
        _text("canonical"),
        sa.PrimaryKeyConstraint("number", name="pk_audit"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_team_number", "audit", ["team", "number"])
    op.create_table(
        "facts",
        _text("key"),
        _text("value"),
        sa.PrimaryKeyConstraint("key", name="pk_facts"),
    )


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _templates() -> None:
    op.create_table(
        "templates",
        _text("id"),
        _text("team"),
        _text("name"),
        _text("odoo_image"),
        _text("modules"),
        _text("state"),
        _text("created_by"),
        _text("created_at"),
        _text("step"),
        _text("job"),
        sa.PrimaryKeyConstraint("id", name="pk_templates"),
        sa.UniqueConstraint("team", "name", name="uq_templates_team_name"),
    )


def _environments() -> None:
    op.create_table(
        "environments",
        _text("id"),
        _text("team"),
        _text("name"),
        _text("repo_url"),
        _text("branch"),
        sa.Column("requested_branch", sa.Text),
        _text("template_id"),
        _text("template"),
        _text("odoo_image"),
        _text("modules"),
        _text("state"),
        _text("created_by"),
        _text("created_at"),
        _text("commit"),
        _text("step"),
        _text("job"),
        sa.Column("port", sa.Integer),
        sa.Column("protected", sa.Boolean, nullable=False),
        sa.Column("error", sa.Text),
        _text("addons"),
        _text("python_deps"),
        sa.PrimaryKeyConstraint("id", name="pk_environments"),
        sa.UniqueConstraint("team", "name", name="uq_environments_team_name"),
        sa.UniqueConstraint("port", name="uq_environments_port"),
        sa.ForeignKeyConstraint(
            ["template_id"], ["templates.id"], name="fk_environments_template_id"
        ),
    )


def _jobs() -> None:
    op.create_table(
        "jobs",
        _text("id"),
        _text("operation"),
        _text("target"),
        _text("team"),
        _text("actor_kind"),
        _text("subject"),
        _text("tiers"),
        _text("face"),
        _text("status"),
        _text("created_at"),
        _text("updated_at"),
        sa.Column("queued_at", sa.Text),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("step", sa.Text),
        sa.Column("message", sa.Text),
        sa.Column("done", sa.Integer),
        sa.Column("total", sa.Integer),
        sa.Column("result", sa.Text),
        sa.Column("cancel_requested", sa.Boolean, nullable=False),
        sa.Column("holder", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
    )
    op.create_index("ix_jobs_team_created_at", "jobs", ["team", "created_at"])
    op.create_index("ix_jobs_status", "jobs", ["status"])
    op.create_table(
        "job_events",
        sa.Column("number", sa.Integer, nullable=False),
        _text("job"),
        _text("time"),
        _text("step"),
        _text("message"),
        sa.Column("done", sa.Integer, nullable=False),
        sa.Column("total", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_job_events"),
        sa.ForeignKeyConstraint(["job"], ["jobs.id"], name="fk_job_events_job", ondelete="CASCADE"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_job_events_job_number", "job_events", ["job", "number"])
