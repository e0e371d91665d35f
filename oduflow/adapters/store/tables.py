"""The schema that the code expects; a test compares it with the one that the migrations make."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from pydantic import TypeAdapter
from sqlalchemy import (
    Boolean,
    Column,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

from oduflow.domain.access import ActorKind, Tier
from oduflow.domain.boot_queue import BootKind
from oduflow.domain.environment import EnvironmentState
from oduflow.domain.extra_repo import ExtraRepoState, Pin, pins_text, read_pins
from oduflow.domain.filestore import FilestoreKind
from oduflow.domain.imported import ImportedFrom
from oduflow.domain.job import Resource
from oduflow.domain.neutralised import Neutralised
from oduflow.domain.outcome import ErrorView, Status
from oduflow.domain.pending_change import PendingChange
from oduflow.domain.snapshot import SnapshotState
from oduflow.domain.template import TemplateDefaults, TemplateState
from oduflow.domain.test_result import CaseCounts
from oduflow.domain.warm_slot import WarmSlotState

T = TypeVar("T")


class AsText(TypeDecorator[T]):
    """A column type that stores a value as readable text; NULL is None."""

    impl = Text
    cache_ok = True

    def __init__(self, to_text: Callable[[T], str], from_text: Callable[[str], T]) -> None:
        super().__init__()
        self.to_text = to_text
        self.from_text = from_text

    def process_bind_param(self, value: T | None, _dialect: Dialect) -> str | None:
        """Write the value."""
        return None if value is None else self.to_text(value)

    def process_result_value(self, value: str | None, _dialect: Dialect) -> T | None:
        """Read it back."""
        return None if value is None else self.from_text(value)


def _moment(value: datetime) -> str:
    # Always UTC and of one width, so that the texts sort by time.
    return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _words(value: str) -> tuple[str, ...]:
    return tuple(json.loads(value))


def _tree(value: str) -> dict[str, Any]:
    return dict(json.loads(value))


def _tiers(value: str) -> frozenset[Tier]:
    return frozenset(map(Tier, json.loads(value)))


MOMENT = AsText(_moment, datetime.fromisoformat)
WORDS = AsText[tuple[str, ...]](json.dumps, _words)
TIERS = AsText[frozenset[Tier]](lambda tiers: json.dumps(sorted(tiers)), _tiers)
TREE = AsText[dict[str, Any]](json.dumps, _tree)
PINS = AsText[tuple[Pin, ...]](pins_text, read_pins)
NEUTRALISED = AsText(Neutralised.model_dump_json, Neutralised.model_validate_json)
IMPORTED = AsText(ImportedFrom.model_dump_json, ImportedFrom.model_validate_json)
DEFAULTS = AsText(TemplateDefaults.model_dump_json, TemplateDefaults.model_validate_json)
_RESOURCES: TypeAdapter[tuple[Resource, ...]] = TypeAdapter(tuple[Resource, ...])
RESOURCES = AsText[tuple[Resource, ...]](
    lambda found: _RESOURCES.dump_json(found).decode(), _RESOURCES.validate_json
)
COUNTS = AsText(CaseCounts.model_dump_json, CaseCounts.model_validate_json)
PENDING = AsText(PendingChange.model_dump_json, PendingChange.model_validate_json)
ERROR = AsText(ErrorView.model_dump_json, ErrorView.model_validate_json)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


def text_column(name: str) -> Column[str]:
    """Make a column of text that is never NULL."""
    return Column(name, Text, nullable=False)


def text_columns(*names: str) -> tuple[Column[str], ...]:
    """Make several columns of text that are never NULL."""
    return tuple(map(text_column, names))


templates = Table(
    "templates",
    metadata,
    Column("id", Text, primary_key=True),
    *text_columns("team", "name", "odoo_image"),
    Column("modules", WORDS, nullable=False),
    Column("state", AsText(str, TemplateState), nullable=False),
    text_column("created_by"),
    Column("created_at", MOMENT, nullable=False),
    Column("demo", Boolean, nullable=False),
    *text_columns("language", "country", "step", "job", "source"),
    Column("size", Integer),
    *text_columns("odoo_version", "postgres_version"),
    Column("neutralised", NEUTRALISED),
    Column("imported", IMPORTED),
    Column("version", Integer, nullable=False),
    text_column("description"),
    Column("defaults", DEFAULTS, nullable=False),
    text_column("commit"),
    UniqueConstraint("team", "name"),
)

# An environment was cloned from its template, so the template cannot be deleted before it.
environments = Table(
    "environments",
    metadata,
    Column("id", Text, primary_key=True),
    *text_columns("team", "name", "repo_url", "branch"),
    Column("requested_branch", Text),
    Column("template_id", Text, ForeignKey("templates.id"), nullable=False),
    *text_columns("template", "odoo_image"),
    Column("modules", WORDS, nullable=False),
    Column("state", AsText(str, EnvironmentState), nullable=False),
    text_column("created_by"),
    Column("created_at", MOMENT, nullable=False),
    *text_columns("commit", "step", "job"),
    Column("port", Integer, unique=True),
    Column("protected", Boolean, nullable=False),
    Column("error", ERROR),
    Column("addons", WORDS, nullable=False),
    text_column("python_deps"),
    Column("extra_repos", PINS, nullable=False),
    Column("served", Boolean, nullable=False),
    Column("uid", Integer),
    Column("filestore", AsText(str, FilestoreKind), nullable=False),
    Column("applied", WORDS, nullable=False),
    Column("applying", PENDING),
    UniqueConstraint("team", "name"),
)

# Without a foreign key: a slot is never the reason that its template cannot be deleted.
warm_slots = Table(
    "warm_slots",
    metadata,
    Column("id", Text, primary_key=True),
    *text_columns("team", "template_id", "recipe"),
    Column("state", AsText(str, WarmSlotState), nullable=False),
    Column("created_at", MOMENT, nullable=False),
    Column("uid", Integer),
    Column("port", Integer, unique=True),
    Column("filestore", AsText(str, FilestoreKind), nullable=False),
)

# An environment's snapshots are removed before its row is.
snapshots = Table(
    "snapshots",
    metadata,
    Column("id", Text, primary_key=True),
    Column("environment", Text, ForeignKey("environments.id"), nullable=False),
    *text_columns("team", "name"),
    Column("state", AsText(str, SnapshotState), nullable=False),
    Column("automatic", Boolean, nullable=False),
    *text_columns("reason", "repo_url", "branch"),
    Column("requested_branch", Text),
    *text_columns("commit", "kept", "odoo_image"),
    Column("modules", WORDS, nullable=False),
    Column("addons", WORDS, nullable=False),
    text_column("python_deps"),
    Column("extra_repos", PINS, nullable=False),
    *text_columns("target", "created_by"),
    Column("created_at", MOMENT, nullable=False),
    Column("applied", WORDS, nullable=False),
    UniqueConstraint("environment", "name"),
)

# `clone`: whether there may be a clone, and a container of it; `results`: of each test, as JSON.
test_runs = Table(
    "test_runs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("environment", Text, ForeignKey("environments.id", ondelete="CASCADE"), nullable=False),
    text_column("team"),
    Column("status", AsText(str, Status), nullable=False),
    Column("clone", Boolean, nullable=False),
    Column("modules", WORDS, nullable=False),
    *text_columns("tags", "failed_of", "commit", "created_by"),
    Column("created_at", MOMENT, nullable=False),
    text_column("job"),
    Column("finished_at", MOMENT),
    Column("seconds", Float, nullable=False),
    *text_columns("summary", "odoo"),
    Column("counts", COUNTS, nullable=False),
    text_column("results"),
    Index(None, "environment", "created_at"),
)

# Environments name their extra repos in the column `extra_repos`, without a foreign key: adding an
# environment and deleting an extra repo each check the other table in their writing transaction.
extra_repos = Table(
    "extra_repos",
    metadata,
    Column("id", Text, primary_key=True),
    *text_columns("team", "name", "repo_url", "branch"),
    Column("branches", TREE, nullable=False),
    Column("state", AsText(str, ExtraRepoState), nullable=False),
    text_column("created_by"),
    Column("created_at", MOMENT, nullable=False),
    Column("fetched_at", MOMENT, nullable=False),
    *text_columns("step", "job"),
    UniqueConstraint("team", "name"),
)

# `received` bytes are durably in the file; the file itself may hold a part that was cut off.
uploads = Table(
    "uploads",
    metadata,
    Column("id", Text, primary_key=True),
    *text_columns("team", "name", "file_name"),
    Column("size", Integer, nullable=False),
    text_column("sha256"),
    Column("received", Integer, nullable=False),
    Column("verified", Boolean, nullable=False),
    text_column("created_by"),
    Column("created_at", MOMENT, nullable=False),
    Column("progressed_at", MOMENT, nullable=False),
    UniqueConstraint("team", "name"),
)

# `queued_at` is when the job began to wait for a boot slot, `boot` what it will start Odoo for.
jobs = Table(
    "jobs",
    metadata,
    Column("id", Text, primary_key=True),
    *text_columns("operation", "target", "team"),
    Column("actor_kind", AsText(str, ActorKind), nullable=False),
    *text_columns("subject", "subject_id"),
    Column("tiers", WORDS, nullable=False),
    Column("environments", WORDS),
    *text_columns("environment", "noun", "face"),
    Column("holds", RESOURCES, nullable=False),
    Column("status", AsText(str, Status), nullable=False),
    Column("created_at", MOMENT, nullable=False),
    Column("updated_at", MOMENT, nullable=False),
    Column("queued_at", MOMENT),
    Column("position", Integer, nullable=False),
    Column("boot", AsText(str, BootKind)),
    Column("step", Text),
    Column("message", Text),
    Column("done", Integer),
    Column("total", Integer),
    Column("result", TREE),
    Column("cancel_requested", Boolean, nullable=False),
    Column("holder", Integer, nullable=False),
    Index(None, "team", "created_at"),
    Index(None, "status"),
)

# The holder of a grant may make narrower ones, which are deleted with it.
grants = Table(
    "grants",
    metadata,
    Column("id", Text, primary_key=True),
    *text_columns("team", "name"),
    Column("digest", Text, nullable=False, unique=True),
    Column("parent", Text, ForeignKey("grants.id", ondelete="CASCADE")),
    Column("environments", WORDS),
    Column("tiers", TIERS, nullable=False),
    Column("rest", Boolean, nullable=False),
    Column("calls", Integer),
    Column("used", Integer, nullable=False),
    text_column("created_by"),
    Column("created_at", MOMENT, nullable=False),
    Column("expires_at", MOMENT, nullable=False),
    UniqueConstraint("team", "name"),
    Index(None, "parent"),
)

# One canonical text a row; `time` and `team` only serve to find it. `previous` is the `seal` of the
# row before. Both may be NULL so that a damaged row can be read, and reported.
audit = Table(
    "audit",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("time", MOMENT, nullable=False),
    *text_columns("team", "canonical"),
    Column("previous", Text),
    Column("seal", Text),
    Index(None, "team", "number"),
    sqlite_autoincrement=True,
)

# The last measurement: of environments and templates by id, of a whole team by the empty id.
sizes = Table(
    "sizes",
    metadata,
    Column("team", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("own", Integer, nullable=False),
    Column("shared", Integer, nullable=False),
    Column("measured_at", MOMENT, nullable=False),
)

facts = Table("facts", metadata, Column("key", Text, primary_key=True), text_column("value"))

# Whole milliseconds since 1970, because a counter is changed by an addition in SQL.
attempts = Table(
    "attempts",
    metadata,
    Column("key", Text, primary_key=True),
    Column("clear_at", Integer, nullable=False),
    Index(None, "clear_at"),
)

sign_ins = Table(
    "sign_ins",
    metadata,
    Column("source", Text, primary_key=True),
    Column("team", Text, primary_key=True),
    Column("at", Integer, nullable=False),
    Index(None, "at"),
)
