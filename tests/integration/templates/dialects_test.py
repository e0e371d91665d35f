"""Dumps in the dialects of PostgreSQL 10 to 18 restore into the product's PostgreSQL."""

import pytest

from oduflow.services.templates.restore import Restore
from tests.support.older_dumps import ARCHIVES, RELEASES, ROWS, older_archive, plain_dump
from tests.support.restoring import PASSWORD, Restoring

pytestmark = pytest.mark.timeout(300)

INSTALLED = {name: version for name, state, version in ROWS if state != "uninstalled"}
ALL = "SELECT name, state, latest_version FROM ir_module_module ORDER BY id"
OWNERS = """
    SELECT DISTINCT relowner::regrole::text FROM pg_class
    WHERE relnamespace = 'public'::regnamespace
"""


@pytest.mark.parametrize("version", RELEASES)
def test_a_plain_dump_of_each_version_restores_whole(restoring: Restoring, version: str) -> None:
    work = restoring.work()
    dump = restoring.dump(plain_dump(version))

    facts = work.inspect(dump)
    left_out = work.restore(dump, PASSWORD)

    assert (facts.server, facts.odoo) == (RELEASES[version], True)
    assert facts.modules == INSTALLED
    assert left_out == ()
    whole(restoring, work)


def test_an_archive_of_each_version_restores_whole(restoring: Restoring) -> None:
    plan, _ = restoring.restore(plain_dump("18"))
    newest = restoring.dumped(plan, "--format=custom", "--compress=gzip")
    versions = [(RELEASES[release], version) for release, version in ARCHIVES.items()]
    for release, version in versions:
        work = restoring.work()
        dump = restoring.dump(older_archive(newest, version, release), "older.dump")

        facts = work.inspect(dump)
        left_out = work.restore(dump, PASSWORD)

        assert (facts.server, facts.odoo, facts.modules) == (release, True, INSTALLED), version
        assert left_out == (), version
        whole(restoring, work)


def whole(restoring: Restoring, work: Restore) -> None:
    assert restoring.ask(work.plan, ALL) == list(ROWS)
    assert restoring.ask(work.plan, OWNERS) == [(work.plan.database,)]
    assert restoring.ask(work.plan, "SELECT name FROM installed") == [("base",)]
    touched = "UPDATE ir_module_module SET price = 1 WHERE id = 1 RETURNING name"
    assert restoring.ask(work.plan, touched) == [("base",)]
    assert restoring.ask(work.plan, "SELECT nextval('ir_module_module_id_seq')") == [(4,)]
