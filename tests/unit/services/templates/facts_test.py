"""What templates of older versions and adopted ones lack is read from what there is."""

import pytest

from oduflow.domain.errors import NotFound
from oduflow.services.recoverable import Unsettled
from oduflow.services.templates.facts import lacks_facts
from oduflow.services.templates.recover import TemplateRecovery
from tests.support.memory.process import Process
from tests.support.store_rows import template


def test_a_template_of_an_older_version_gets_its_size_and_versions(process):
    row = process.deps.store.templates.get("1", "base")
    process.deps.store.templates.update(row.id, size=None, odoo_version="", postgres_version="")

    process.reconcile(at_start=False)

    assert process.deps.store.templates.get("1", "base") == row
    assert (row.odoo_version, row.postgres_version) == ("19.0", "18.1")
    assert row.size is not None


def test_one_that_was_saved_from_an_environment_gets_the_version_of_its_server(process, held):
    process.ok("save_as_template", name="sale", template="saved")
    row = process.deps.store.templates.get("1", "saved")
    process.deps.store.templates.update(row.id, postgres_version="")

    process.reconcile(at_start=False)

    assert process.deps.store.templates.get("1", "saved") == row


def test_an_adopted_one_gets_what_its_labels_are_too_old_to_say(world, process):
    row = process.deps.store.templates.get("1", "base")
    (world.data_dir / "oduflow.db").unlink()

    after = Process(world)
    after.reconcile()

    assert facts(after, "base") == (row.id, row.size, "19.0", "18.1")


def test_an_import_says_nothing_about_a_server_that_is_not_here(bare, backup):
    made = bare.ok("import_template", name="prod", source=str(backup))
    row = bare.deps.store.templates.get("1", "prod")
    bare.deps.store.templates.update(row.id, size=None, postgres_version="")

    bare.reconcile(at_start=False)

    (_, size, _, postgres_version) = facts(bare, "prod")
    assert size >= made.size
    assert postgres_version == ""
    assert lacking(TemplateRecovery(bare.deps)) == []


def test_one_without_its_database_is_looked_at_once(world, process):
    row = process.deps.store.templates.get("1", "base")
    process.deps.store.templates.update(row.id, size=None)
    del world.postgres.databases[f"tpl_{row.id}"]
    recovery = TemplateRecovery(process.deps)

    (found,) = lacking(recovery)
    with process.deps.work.locks.acquire(found.key, "tests") as held, pytest.raises(NotFound):
        found.settle(held)

    assert lacking(recovery) == []
    assert process.deps.store.templates.get("1", "base").size is None


def test_a_sleeping_postgresql_is_not_started_for_it(world, process):
    row = process.deps.store.templates.get("1", "base")
    process.deps.store.templates.update(row.id, size=None)
    process.deps.infrastructure.databases.servers["1"].stop()

    assert lacking(TemplateRecovery(process.deps)) == []


def lacking(recovery: TemplateRecovery) -> list[Unsettled]:
    return [row for work in recovery.team_work() for row in work.run()]


@pytest.mark.parametrize("state", ["creating", "deleting"])
def test_an_unfinished_one_lacks_nothing_yet(state):
    assert not lacks_facts(template(state=state, size=None))


def facts(process: Process, name: str) -> tuple[str, int | None, str, str]:
    row = process.deps.store.templates.get("1", name)
    assert row is not None
    return row.id, row.size, row.odoo_version, row.postgres_version
