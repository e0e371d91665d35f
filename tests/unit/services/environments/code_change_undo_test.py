"""The snapshot of a change of code, and what is told where there is none."""

import pytest

from oduflow.domain.errors import Busy, Kind, QuotaReached
from oduflow.domain.filestore import FilestoreKind
from oduflow.domain.pending_change import CODE_CHANGE
from oduflow.domain.storage import WHOLE_TEAM
from oduflow.services.environments.code_change import touched as looking
from oduflow.services.snapshots import automatic
from tests.support.code_changes import BODY_CHANGED, FIELD_ADDED, FILES, files, make, push, row
from tests.support.memory.odoo import Changing
from tests.support.memory.process import Process
from tests.support.memory.world import BLUE, TEAM


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


def test_no_call_that_is_refused_takes_the_snapshot_of_the_way_back(world, running):
    push(world, FIELD_ADDED)
    Process(world).killed("pull_and_apply", at=f"{CODE_CHANGE}.bundles.before", name="sale")
    after = Process(world, teams=f"{BLUE}[storage]\nsnapshots_kept = 1\n")
    under_way = row(after).applying
    assert under_way is not None

    for _ in range(3):
        error = after.refused("rebuild_environment", name="sale")
        assert error.kind is Kind.BUSY

    assert [each.id for each in after.deps.store.snapshots.of(row(after).id)] == [
        under_way.snapshot
    ]
    after.reconcile()
    assert (row(after).applying, files(after)) == (None, FILES)


def test_what_a_failed_change_wrote_is_kept_as_written_by_its_code(world, running):
    push(world, FIELD_ADDED)
    running.faults.fail(f"{CODE_CHANGE}.bundles.before")
    error = running.refused("pull_and_apply", name="sale")

    running.ok("rollback_environment", **error.next[-1].arguments)
    running.ok("discard_edits", name="sale")

    assert running.ok("apply_changes", name="sale").actions[0] == "upgraded sale"


def test_a_failure_names_the_snapshot_from_before(world, running):
    push(world, FIELD_ADDED)
    running.faults.fail(f"{CODE_CHANGE}.bundles.before")

    failed = running.call("pull_and_apply", name="sale")

    [before] = [
        each.name
        for each in running.ok("list_snapshots", name="sale").snapshots
        if each.reason == "pull_and_apply"
    ]
    assert (failed.status, failed.snapshot) == ("failed", before)


def test_only_for_room_a_change_whose_failure_is_kept_goes_on_without_a_snapshot(
    world, running, monkeypatch
):
    push(world, FIELD_ADDED)
    full, busy = QuotaReached("The disk is full."), Busy("All places are taken.")

    def refuse(failure):
        def taken(*_about, **_more):
            raise failure

        monkeypatch.setattr(automatic, "make_snapshot", taken)

    refuse(busy)
    error = running.refused("pull_and_apply", name="sale", on_failure="keep")
    assert error.message == busy.message
    assert (row(running).applying, files(running)) == (None, FILES)
    refuse(full)
    done = running.call("pull_and_apply", name="sale", on_failure="keep")
    assert done.error is None
    assert any("cannot be undone: The disk is full." in each for each in done.warnings)


def test_a_template_that_is_renamed_makes_no_container_outdated(world, running):
    running.ok("rename_template", name=row(running).template, new_name="another")

    assert running.ok("pull_and_apply", name="sale").actions == ()


def test_a_team_that_fills_more_than_it_may_downloads_nothing(world, running):
    limited = Process(world, teams=f"{BLUE}disk_gb = 1\n")
    limited.deps.store.sizes.replace(TEAM, {WHOLE_TEAM: (2 << 30, 0)})
    push(world, BODY_CHANGED)

    assert limited.refused("pull_and_apply", name="sale").kind is Kind.QUOTA
    assert files(running) == FILES


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
