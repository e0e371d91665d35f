import shutil
import sqlite3
from contextlib import ExitStack, closing
from dataclasses import fields
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text

from oduflow.adapters.store import Facts, JobRows, Store, migrations, upgrade
from oduflow.adapters.store.migrations import HEAD
from oduflow.adapters.store.tables import environments, extra_repos, grants, metadata, templates
from oduflow.domain.environment import Environment
from oduflow.domain.errors import Conflict, Internal
from oduflow.domain.extra_repo import ExtraRepo
from oduflow.domain.grant_rules import Grant
from oduflow.domain.template import Template
from tests.support.programs import finished, go, running, said
from tests.support.store_rows import holding

MIGRATE = """
import sys
from pathlib import Path
import oduflow.adapters.store.upgrade
from oduflow.adapters.store import Store
print("ready", flush=True)
sys.stdin.readline()
store = Store(Path(sys.argv[1]))
store.migrate()
store.check()
store.close()
"""
ORPHAN = """
INSERT INTO grants (
  id, team, name, digest, parent, tiers, rest, used, created_by, created_at, expires_at
) VALUES ('child', '1', 'ci', '', 'gone', '[]', 0, 0, '', '', '')
"""
EARLIER_JOB = """
INSERT INTO jobs (
  id, noun, target, environment_name, operation, team, actor_kind, subject, subject_id, tiers,
  environment, face, status, created_at, updated_at, position, cancel_requested, holder
) VALUES (
  :id, :noun, :target, :environment_name, 'x', '1', 'cli', 'ada', '', '["read"]',
  '', 'rest', 'ok', '2026-03-04T05:06:07.000000Z', '2026-03-04T05:06:07.000000Z', 0, 0, 1
)
"""
AFTER_HEAD = f"{int(HEAD) + 1:04}"
NEXT = f"""
import sqlalchemy as sa
from alembic import op
revision = "{AFTER_HEAD}"
down_revision = "{HEAD}"
def upgrade():
    op.create_table("made_up", sa.Column("id", sa.Text, primary_key=True))
"""


def test_the_migrations_arrive_at_the_schema_of_the_code(store):
    with store.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})

        assert compare_metadata(context, metadata) == []


def test_the_migrated_tables_are_made_of_the_same_parts(store):
    fresh = create_engine("sqlite://")
    metadata.create_all(fresh)
    with fresh.connect() as connection, store.read() as migrated:
        assert parts(migrated) == parts(connection)
    fresh.dispose()


def test_the_newest_revision_is_the_one_the_code_expects():
    config = Config()
    config.set_main_option("script_location", upgrade.SCRIPTS)

    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


@pytest.mark.parametrize(
    ("table", "row"),
    [
        (environments, Environment),
        (extra_repos, ExtraRepo),
        (grants, Grant),
        (templates, Template),
    ],
)
def test_a_table_has_a_column_for_every_field_of_its_row(table, row):
    assert [column.name for column in table.columns] == [field.name for field in fields(row)]


def test_migrating_again_changes_nothing(store):
    Facts(store).set("key", "value")

    store.migrate()

    assert Facts(store).get("key") == "value"


def test_a_store_of_newer_code_is_refused_and_left_alone(store):
    with store.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(Conflict, match=r"newer Oduflow \(schema 9999\)"):
        store.migrate()

    with store.read() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "9999"


@pytest.mark.parametrize("old", ["0001", "0009"])
def test_a_store_from_before_the_first_release_is_refused_and_left_alone(store, old):
    with store.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :old"), {"old": old})

    with pytest.raises(Conflict, match=rf"before the first release .*\(schema {old}\)") as refused:
        store.migrate()

    assert "oduflow destroy" in refused.value.hint
    assert "data_dir" in refused.value.hint
    with store.read() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == old


def test_a_revision_after_the_first_is_applied(store, tmp_path, monkeypatch):
    Facts(store).set("key", "value")
    shutil.copytree(Path(migrations.__file__).parent, tmp_path / "next")
    (tmp_path / "next" / "versions" / f"r{AFTER_HEAD}_made_up.py").write_text(NEXT)
    monkeypatch.setattr(upgrade, "SCRIPTS", str(tmp_path / "next"))
    monkeypatch.setattr("oduflow.adapters.store.engine.HEAD", AFTER_HEAD)

    store.migrate()

    assert Facts(store).get("key") == "value"
    with store.read() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == AFTER_HEAD
        assert inspect(connection).has_table("made_up")


@pytest.mark.thorough
def test_processes_that_start_together_on_an_empty_folder_all_succeed(tmp_path):
    for number in range(2):
        path = tmp_path / str(number) / "store.sqlite"
        with ExitStack() as stack:
            started = [stack.enter_context(running(MIGRATE, path)) for _ in range(3)]
            assert [said(process) for process in started] == ["ready"] * 3
            go(*started)
            for process in started:
                finished(process)


def test_a_migration_runs_without_foreign_keys_and_only_the_migration(tmp_path, monkeypatch):
    seen = []
    store = Store(tmp_path / "store.sqlite")
    monkeypatch.setattr(
        "oduflow.adapters.store.upgrade.upgrade",
        lambda connection: seen.append(connection.scalar(text("PRAGMA foreign_keys"))),
    )

    store.migrate()

    with store.write() as connection:
        seen.append(connection.scalar(text("PRAGMA foreign_keys")))
    store.close()
    assert seen == [0, 1]


def test_a_migration_that_leaves_dangling_rows_is_undone(store):
    with closing(sqlite3.connect(store.path)) as other, other:
        other.execute(ORPHAN)

    with pytest.raises(Internal, match="rolled back"), store.write() as connection:
        upgrade.upgrade(connection)


def test_a_job_of_an_earlier_version_locks_what_its_row_says(tmp_path, monkeypatch):
    store = Store(tmp_path / "store.sqlite")
    upgrade_to(store, "0028", monkeypatch)
    with store.write() as connection:
        for row in (
            ("a", "environment", "shop", "shop"),
            ("b", "template", "base", ""),
            ("c", "upload", "big", ""),
        ):
            values = dict(zip(("id", "noun", "target", "environment_name"), row, strict=True))
            connection.execute(text(EARLIER_JOB), values)

    store.migrate()

    found = {row.id: row.holds for row in JobRows(store).list("1", active=False, limit=9)}
    held = {"a": holding(environment="shop"), "b": holding(template="base"), "c": ()}
    assert found == held
    store.close()


def upgrade_to(store, revision, monkeypatch):
    """Migrate an empty store to an earlier revision."""
    to = command.upgrade
    with monkeypatch.context() as patch:
        patch.setattr(command, "upgrade", lambda config, _head: to(config, revision))
        store.migrate()


def parts(connection):
    """Take every statement of the schema apart, since the order of constraints is no matter."""
    rows = connection.execute(
        text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name != :alembic"),
        {"alembic": "alembic_version"},
    )
    return {
        name: sorted(line.strip(" ,\t").replace(chr(34), "") for line in sql.splitlines())
        for name, sql in rows
    }
