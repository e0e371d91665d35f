"""The snapshot of a change of code, and what is told where there is none."""

import pytest

from oduflow.domain.filestore import FilestoreKind
from oduflow.domain.pending_change import CODE_CHANGE
from oduflow.services.environments.code_change import touched as looking
from tests.support.code_changes import BODY_CHANGED, FIELD_ADDED, FILES, files, make, push, row
from tests.support.memory.odoo import Changing
from tests.support.memory.process import Process


def test_an_environment_that_cannot_have_snapshots_is_changed_only_if_failures_are_kept(
    world, running
):
    store = running.deps.store.environments
    store.update(row(running).id, filestore=FilestoreKind.VOLUME)
    before = row(running)
    push(world, FIELD_ADDED)

    error = running.refused("pull_and_apply", name="sale")

    assert "cannot have snapshots" in error.message
    assert [each.arguments.get("on_failure") for each in error.next] == [None, "keep"]
    assert (row(running), files(running)) == (before, FILES)


def test_the_job_that_undoes_a_killed_change_names_what_was_written_until_then(world, running):
    push(world, FIELD_ADDED)
    Process(world).killed("pull_and_apply", at=f"{CODE_CHANGE}.bundles.before", name="sale")
    after = Process(world)

    after.reconcile()

    [kept] = [
        each.name
        for each in after.ok("list_snapshots", name="sale").snapshots
        if each.reason == "rollback_environment"
    ]
    results = [
        job.result
        for job in after.deps.work.jobs.store.list("1", active=False, limit=9)
        if job.result
    ]
    told = [result["warnings"] for result in results]
    assert [f"What was written until then is in {kept}."] in told


def test_code_that_wrote_when_it_was_loaded_is_told_though_no_data_go_back(world, running):
    world.odoo.changing = Changing(wrote=True)
    world.odoo.made = [("web.assets_backend", True, True, "it broke")]
    push(world, {**BODY_CHANGED, "sale/static/src/a.scss": "b"})

    error = running.refused("pull_and_apply", name="sale")

    assert "but not what its code wrote when it was loaded" in error.hint


def test_an_odoo_that_cannot_tell_whether_it_wrote_is_not_said_to_have(world, running):
    world.odoo.changing = Changing(wrote=True, tells_writes=False)
    world.odoo.made = [("web.assets_backend", True, True, "it broke")]
    push(world, {**BODY_CHANGED, "sale/static/src/a.scss": "b"})

    error = running.refused("pull_and_apply", name="sale")

    assert "wrote when it was loaded" not in error.hint


def test_a_checkout_that_is_too_large_to_be_looked_at_counts_as_touched(monkeypatch, tmp_path):
    monkeypatch.setattr(looking, "MAX_ENTRIES", 1)
    (tmp_path / "sale").mkdir()
    for name in ("a.py", "b.py"):
        (tmp_path / "sale" / name).touch()

    found = looking.touched(tmp_path, ["sale"], since=2**40, differing=frozenset())

    assert list(found) == ["sale"]


@pytest.fixture
def running(world, process):
    return make(world, process)
