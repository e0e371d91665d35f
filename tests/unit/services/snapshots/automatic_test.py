import shutil
from datetime import timedelta
from types import SimpleNamespace

import pytest

from oduflow.domain.clock import now
from oduflow.domain.errors import Busy, Cancelled, QuotaReached, UpstreamFailed
from oduflow.domain.filestore import FilestoreKind
from oduflow.domain.storage import WHOLE_TEAM
from oduflow.services.room import CLONE_BYTES
from oduflow.services.snapshots import automatic, recover
from oduflow.services.snapshots.delete import remove_snapshot
from oduflow.services.team_disk import cluster_folder
from tests.support.memory.process import Process
from tests.support.memory.world import BLUE, TEAM

DATABASE = 8 << 20  # of the template
SNAPSHOT = CLONE_BYTES + DATABASE + (1 << 20)  # what one needs, with a few files


@pytest.fixture
def installed(world, process, sale):
    process.ok("create_environment", **sale)
    return process


def names(process):
    return [each.name for each in process.ok("list_snapshots", name="sale").snapshots]


def test_a_rebuild_that_installs_can_be_undone_by_one_call(installed):
    done = installed.call("rebuild_environment", name="sale")

    assert done.snapshot.startswith("before-rebuild-")
    assert done.next[-1].as_call() == f"rollback_environment name=sale snapshot={done.snapshot}"
    [kept] = installed.ok("list_snapshots", name="sale").snapshots
    assert (kept.automatic, kept.reason) == (True, "rebuild_environment")


def test_a_rebuild_that_fails_names_the_way_back(world, installed):
    world.odoo.page_status = 500

    failed = installed.call("rebuild_environment", name="sale")

    [kept] = names(installed)
    assert f"rollback_environment name=sale snapshot={kept}" in [
        step.as_call() for step in failed.error.next
    ]
    assert failed.snapshot == kept
    assert installed.call("wait_for_job", job=failed.job).snapshot == kept


def test_a_defect_after_the_snapshot_names_it_too(installed):
    installed.faults.fail("rebuild.configuration.before", ZeroDivisionError())

    failed = installed.call("rebuild_environment", name="sale")

    assert failed.error.kind == "internal"
    assert [failed.snapshot] == names(installed)


def test_a_rebuild_without_modules_takes_one_too(process, sale):
    process.ok("create_environment", **sale | {"modules": []})

    done = process.call("rebuild_environment", name="sale", update_extra_repos=True)

    assert names(process) == [done.snapshot]


@pytest.mark.parametrize(
    ("operation", "more"),
    [
        ("execute_sql", {"sql": "select 'hush-hush'"}),
        ("run_odoo_shell", {"code": "'hush-hush'"}),
    ],
)
def test_a_refusal_repeats_no_argument_that_may_be_secret(installed, full, operation, more):
    full(0)

    refused = installed.refused(operation, name="sale", **more)

    assert "without_snapshot=true" in refused.hint
    assert "hush-hush" not in refused.hint + str(refused.next)


def test_the_newest_automatic_ones_are_kept_and_those_with_a_name(installed):
    installed.ok("create_snapshot", name="sale", snapshot="mine")
    taken = [installed.call("rebuild_environment", name="sale").snapshot for _ in range(12)]

    assert names(installed) == [*taken[:1:-1], "mine"]


def test_old_automatic_ones_are_removed_by_the_reconcile_loop(world, installed, monkeypatch):
    installed.ok("create_snapshot", name="sale", snapshot="mine")
    installed.ok("rebuild_environment", name="sale")
    installed.reconcile()
    assert len(names(installed)) == 2

    monkeypatch.setattr(recover, "now", lambda: now() + timedelta(days=15))
    installed.reconcile()

    assert names(installed) == ["mine"]
    assert installed.doctor().leftovers() == ()


@pytest.fixture
def full(installed, monkeypatch):
    """Make a disk that has room for some snapshots: a further one misses its database's size."""

    def have(room):
        def usage(_folder):
            kept = len(installed.deps.store.snapshots.all())
            return SimpleNamespace(total=200 << 30, free=SNAPSHOT + (room - kept - 1) * DATABASE)

        monkeypatch.setattr(shutil, "disk_usage", usage)

    return have


def test_without_room_the_oldest_automatic_ones_make_it(installed, full):
    installed.ok("create_snapshot", name="sale", snapshot="mine")
    oldest, newer = (installed.call("rebuild_environment", name="sale") for _ in range(2))
    full(3)

    done = installed.call("rebuild_environment", name="sale")

    assert done.status == "ok"
    assert names(installed) == [done.snapshot, newer.snapshot, "mine"]
    assert done.warnings[0] == (
        f"There was no room, so older automatic snapshots were removed: {oldest.snapshot}."
    )


def test_without_room_that_could_be_made_it_is_refused_and_nothing_is_removed(
    world, installed, full
):
    installed.ok("create_snapshot", name="sale", snapshot="mine")
    kept = installed.call("rebuild_environment", name="sale").snapshot
    before = world.everything()
    full(0)

    refused = installed.refused("rebuild_environment", name="sale", update_extra_repos=True)

    assert refused.kind == "quota"
    assert refused.message.startswith("A snapshot of sale needs 40 MiB, and 17 MiB are free")
    assert [step.as_call() for step in refused.next] == [
        "list_snapshots name=sale",
        "list_environments",
        "rebuild_environment name=sale update_extra_repos=true without_snapshot=true",
    ]
    assert names(installed) == [kept, "mine"]
    assert world.everything() == before


def test_a_caller_may_go_on_without_a_snapshot_and_is_told_that_it_cannot_be_undone(
    installed, full
):
    full(0)

    done = installed.call("rebuild_environment", name="sale", without_snapshot=True)

    assert (done.status, done.snapshot, names(installed)) == ("ok", None, [])
    assert done.warnings[0].startswith("It cannot be undone: A snapshot of sale needs 40 MiB")
    assert not any(step.operation == "rollback_environment" for step in done.next)


@pytest.mark.parametrize(
    ("step", "failure"),
    [("checkout", UpstreamFailed), ("database", UpstreamFailed), ("pause", Busy)],
)
def test_where_no_snapshot_can_be_taken_the_caller_may_go_on_without(installed, step, failure):
    for _ in range(3):
        installed.faults.fail(f"snapshot.{step}.before", failure("It does not answer."))

    refused = installed.refused("rebuild_environment", name="sale")
    assert (refused.kind, refused.message) == (failure.kind, "It does not answer.")
    assert "rebuild_environment name=sale without_snapshot=true" in [
        each.as_call() for each in refused.next
    ]
    in_words = installed.refused("execute_sql", name="sale", sql="select 1")
    assert "without_snapshot=true" in in_words.hint

    done = installed.call("rebuild_environment", name="sale", without_snapshot=True)
    assert (done.status, done.snapshot, names(installed)) == ("ok", None, [])
    assert done.warnings[0] == "It cannot be undone: It does not answer."


def test_a_cancelled_call_does_not_go_on_without_a_snapshot(installed):
    installed.faults.fail("snapshot.database.before", Cancelled("The job was cancelled."))

    refused = installed.refused("rebuild_environment", name="sale", without_snapshot=True)

    assert refused.kind == "cancelled"
    assert "without_snapshot" not in refused.hint + str(refused.next)


@pytest.mark.parametrize(
    ("operation", "which"), [("rebuild_environment", "This"), ("execute_sql", "A")]
)
def test_an_environment_of_an_older_version_says_that_it_cannot_be_undone(
    installed, operation, which
):
    [row] = installed.deps.store.environments.list(TEAM)
    installed.deps.store.environments.update(row.id, filestore=FilestoreKind.VOLUME)
    more = {"sql": "select 1"} if operation == "execute_sql" else {}

    told = installed.call(operation, name="sale", **more)

    said = " ".join(told.warnings) + (told.error.hint if told.error else "")
    assert "It cannot be undone: sale was made by an older version" in said
    assert f"{which} rebuild prepares it." in said


def test_with_room_the_snapshot_is_taken_although_the_caller_would_go_on_without(installed):
    done = installed.call("rebuild_environment", name="sale", without_snapshot=True)

    assert names(installed) == [done.snapshot]


def test_a_limit_that_is_not_about_room_costs_no_snapshot(installed):
    kept = installed.call("rebuild_environment", name="sale").snapshot
    installed.faults.fail("cluster.take_snapshot", QuotaReached("The disk is full."))

    refused = installed.refused("rebuild_environment", name="sale")

    assert (refused.message, names(installed)) == ("The disk is full.", [kept])


@pytest.mark.parametrize("there", ["neither", "database", "files"])
def test_what_lies_on_another_disk_makes_no_room(installed, monkeypatch, there):
    kept = installed.call("rebuild_environment", name="sale").snapshot
    [row] = installed.deps.store.snapshots.all()
    installed.deps.store.sizes.replace(TEAM, {row.id: (1 << 30, 0)})
    cluster = cluster_folder(installed.deps.naming, installed.deps.engine.volumes, TEAM)
    lies = {"neither": lambda _: False, "database": cluster.__eq__, "files": cluster.__ne__}[there]
    monkeypatch.setattr(automatic, "same_disk", lambda folder, _disk: lies(folder))
    usage = SimpleNamespace(total=200 << 30, free=0)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: usage)

    installed.refused("rebuild_environment", name="sale")

    assert names(installed) == [kept]


def test_a_disk_that_is_not_freer_without_the_oldest_costs_no_second(installed, monkeypatch):
    _, newer = (installed.call("rebuild_environment", name="sale").snapshot for _ in range(2))
    usage = SimpleNamespace(total=200 << 30, free=SNAPSHOT - (2 << 20))
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: usage)

    refused = installed.refused("rebuild_environment", name="sale")

    assert names(installed) == [newer]
    assert "older automatic snapshots were removed" in refused.hint


def test_removed_snapshots_are_named_when_the_next_try_fails_otherwise(
    installed, full, monkeypatch
):
    oldest = installed.call("rebuild_environment", name="sale").snapshot
    full(1)

    def remove_and_break(parts):
        remove_snapshot(parts)
        installed.faults.fail("snapshot.database.before", UpstreamFailed("It does not answer."))

    monkeypatch.setattr(automatic, "remove_snapshot", remove_and_break)

    refused = installed.refused("rebuild_environment", name="sale")

    assert (refused.kind, names(installed)) == ("upstream", [])
    assert f"older automatic snapshots were removed: {oldest}." in refused.hint


def test_a_team_that_fills_what_it_may_makes_room_with_what_was_measured(world, installed):
    oldest, newer = (installed.call("rebuild_environment", name="sale").snapshot for _ in range(2))
    limited = Process(world, teams=f"{BLUE}disk_gb = 1\n")
    rows = {row.name: row.id for row in limited.deps.store.snapshots.all()}
    sizes = limited.deps.store.sizes
    sizes.replace(
        TEAM, {WHOLE_TEAM: (1 << 30, 0), rows[oldest]: (SNAPSHOT, 0), rows[newer]: (SNAPSHOT, 0)}
    )

    done = limited.call("rebuild_environment", name="sale")

    assert (done.status, names(limited)) == ("ok", [done.snapshot, newer])


def test_what_was_not_measured_makes_no_room_for_a_team_that_fills_what_it_may(world, installed):
    kept = [installed.call("rebuild_environment", name="sale").snapshot for _ in range(2)]
    limited = Process(world, teams=f"{BLUE}disk_gb = 1\n")
    limited.deps.store.sizes.replace(
        TEAM, {WHOLE_TEAM: ((1 << 30) - (CLONE_BYTES + DATABASE) + (1 << 20), 0)}
    )

    limited.refused("rebuild_environment", name="sale")

    assert names(limited) == kept[::-1]
