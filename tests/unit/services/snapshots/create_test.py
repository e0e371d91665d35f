import time

import pytest

from oduflow.adapters.filestore import layers
from oduflow.adapters.filestore.layers import Layers
from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.errors import Cancelled
from oduflow.domain.filestore import FilestoreKind
from oduflow.kernel.call import CANCEL_CHECK_SECONDS
from oduflow.services.snapshots import create
from tests.support.memory.postgres import MemoryCluster
from tests.support.memory.process import CALLER, Process
from tests.support.memory.world import TEAM


def test_a_snapshot_is_listed_and_the_environment_runs_on(held, process):
    made = process.call("create_snapshot", name="sale", snapshot="clean")

    assert made.summary == "Snapshot clean of sale is taken."
    assert [step.as_call() for step in made.next] == [
        "rollback_environment name=sale snapshot=clean"
    ]
    [listed] = process.ok("list_snapshots", name="sale").snapshots
    assert (listed.name, listed.environment, listed.state) == ("clean", "sale", "ready")
    assert (listed.automatic, listed.reason, listed.commit) == (False, "", held.row.commit)
    assert held.status == "running"
    assert held.read() == {"first"}


def test_without_a_name_it_is_named_after_the_time(held, process):
    process.ok("create_snapshot", name="sale")
    process.ok("create_snapshot", name="sale")

    one, other = held.snapshots()
    assert one != other
    assert other[8] == "-"


def test_a_name_is_given_once(held, process):
    process.ok("create_snapshot", name="sale", snapshot="clean")

    error = process.refused("create_snapshot", name="sale", snapshot="clean")

    assert error.message == "There is a snapshot “clean” already."
    assert held.snapshots() == ["clean"]


@pytest.mark.parametrize("operation", ["stop_environment", None])
def test_one_that_does_not_run_stays_as_it_is(world, held, process, operation):
    if operation:
        process.ok(operation, name="sale")
    else:
        del world.engine.containers[held.plan.container]

    process.ok("create_snapshot", name="sale", snapshot="clean")

    found = world.engine.containers.get(held.plan.container)
    assert found is None or found.status == "exited"


def test_one_that_is_never_at_rest_is_refused_and_runs_on(world, held, process, monkeypatch):
    monkeypatch.setattr(create, "QUIET_SECONDS", 0.2)
    world.postgres.change(held.plan.database, busy=1)
    before = world.everything()

    error = process.refused("create_snapshot", name="sale")

    assert error.kind == "busy"
    assert "without a moment of rest" in error.message
    assert held.status == "running"
    assert held.snapshots() == []
    assert world.everything() == before


def test_it_waits_for_the_end_of_a_request_that_has_no_transaction_yet(world, held, process):
    connections = world.engine.containers[held.plan.container].connections
    connections.add("request")
    job = begun(process, "create_snapshot", name="sale")
    assert process.deps.work.jobs.wait(TEAM, job, 0.3).status == "running"
    assert process.deps.work.jobs.get(TEAM, job).progress.step == "pause"
    connections.clear()
    assert process.deps.work.jobs.wait(TEAM, job, 5).status == "ok"


def test_one_that_waits_for_a_rest_is_cancelled_and_odoo_goes_on(world, held, process):
    world.postgres.change(held.plan.database, busy=1)
    before = world.everything()
    job = begun(process, "create_snapshot", name="sale")

    process.ok("cancel_job", job=job)

    assert process.deps.work.jobs.wait(TEAM, job, 5).status == "cancelled"
    assert (held.status, held.snapshots()) == ("running", [])
    assert world.everything() == before


def test_what_a_copy_by_files_would_wait_for_is_written_before_odoo_is_paused(
    held, process, monkeypatch
):
    seen = []
    monkeypatch.setattr(create.SnapshotCreation, "strategy", lambda *_: "file_copy")
    monkeypatch.setattr(MemoryCluster, "flush", lambda *_: seen.append(held.status))

    process.ok("create_snapshot", name="sale")

    assert seen == ["running"]


def test_one_is_cancelled_while_memory_is_written_before_the_pause(held, process, monkeypatch):
    def flush(_cluster, cancelled):
        [job] = process.deps.work.jobs.in_this_process()
        process.ok("cancel_job", job=job)
        time.sleep(CANCEL_CHECK_SECONDS)
        assert cancelled()
        raise Cancelled("Stopped on request.")

    monkeypatch.setattr(create.SnapshotCreation, "strategy", lambda *_: "file_copy")
    monkeypatch.setattr(MemoryCluster, "flush", flush)

    assert process.call("create_snapshot", name="sale").status == "cancelled"
    assert (held.status, held.snapshots()) == ("running", [])


def test_one_is_cancelled_while_the_database_is_copied_and_odoo_goes_on(
    world, held, process, monkeypatch
):
    before, reached = world.everything(), []
    copied = MemoryCluster.take_snapshot

    def take_snapshot(cluster, database, snapshot, *, strategy, cancelled):
        [job] = process.deps.work.jobs.in_this_process()
        process.ok("cancel_job", job=job)
        reached.append(held.status)
        time.sleep(CANCEL_CHECK_SECONDS)
        copied(cluster, database, snapshot, strategy=strategy, cancelled=cancelled)

    monkeypatch.setattr(MemoryCluster, "take_snapshot", take_snapshot)

    assert process.call("create_snapshot", name="sale").status == "cancelled"

    assert reached == ["paused"]
    assert (held.status, held.snapshots()) == ("running", [])
    assert world.everything() == before


def test_an_environment_of_an_older_version_is_told_to_rebuild(held, process):
    process.deps.store.environments.update(held.row.id, filestore=FilestoreKind.VOLUME)

    error = process.refused("create_snapshot", name="sale")

    assert [step.as_call() for step in error.next] == ["rebuild_environment name=sale"]


def test_a_rebuild_prepares_an_environment_of_an_older_version(world, held, process):
    plan, deps = held.plan, process.deps
    inner = deps.engine.volumes.mountpoint(plan.volume) / "filestore" / plan.database
    inner.mkdir(parents=True)
    (inner / "written").write_text("old")
    del world.engine.containers[plan.container]
    for volume in (plan.filestore, plan.layers):
        deps.engine.volumes.remove(volume)
    deps.store.environments.update(held.row.id, filestore=FilestoreKind.VOLUME)

    process.ok("rebuild_environment", name="sale")

    assert held.row.filestore is FilestoreKind.COPY
    assert "old" in held.read()
    assert not inner.exists()
    process.ok("create_snapshot", name="sale", snapshot="clean")

    (inner / "kept").mkdir(parents=True)  # as by a kill before the removal
    process.ok("rebuild_environment", name="sale")
    assert not inner.exists()
    assert "old" in held.read()


def test_it_is_on_the_disk_before_it_is_ready_and_odoo_does_not_wait_for_that(
    held, process, monkeypatch
):
    seen = []

    def synchronise(_layers):
        [row] = process.deps.store.snapshots.all()
        seen.append((row.state, held.status))

    monkeypatch.setattr(Layers, "synchronise", synchronise)

    process.ok("create_snapshot", name="sale", snapshot="clean")

    assert seen == [("creating", "running")]


@pytest.mark.thorough
def test_a_step_that_fails_leaves_nothing_and_the_environment_running(world, held, process):
    points = steps(process)
    before, wrong = world.everything(), {}
    for point in points:
        process.faults.fail(point)
        error = process.refused("create_snapshot", name="sale", snapshot="cut")
        told = (error.message, held.status, held.snapshots(), world.everything() == before)
        if told != (f"It broke at {point}.", "running", [], True):
            wrong[point] = told

    assert wrong == {}
    process.ok("create_snapshot", name="sale", snapshot="cut")


@pytest.mark.thorough
def test_one_that_is_killed_anywhere_leaves_nothing_and_the_environment_running(
    world, held, process
):
    before, wrong = world.everything(), {}
    for point in steps(process):
        Process(world).killed("create_snapshot", at=point, name="sale", snapshot="cut")
        after = Process(world)
        after.reconcile()
        told = (held.status, held.snapshots(after), world.everything() == before)
        if told != ("running", [], True):
            wrong[point] = told

    assert wrong == {}


def test_odoo_goes_on_when_what_was_made_cannot_be_removed_either(held, process):
    process.faults.fail("snapshot.database.after")
    process.faults.fail("cluster.drop_database")

    process.refused("create_snapshot", name="sale", snapshot="cut")

    assert held.status == "running"


def test_an_environment_that_is_paused_for_one_is_shown_as_running(held, process):
    process.deps.engine.containers.pause(held.plan.container)

    assert process.ok("get_environment", name="sale").state == "running"


def test_files_that_would_not_fit_twice_are_refused(held, process, monkeypatch):
    process.ok("create_snapshot", name="sale", snapshot="clean")
    monkeypatch.setattr(layers, "size_of_copy", lambda _files: 1 << 60)

    for operation in ("create_snapshot", "rollback_environment"):
        assert process.refused(operation, name="sale").kind == "quota"
    assert (held.status, held.row.step, held.snapshots()) == ("running", "", ["clean"])


def test_deleting_one_leaves_the_others(world, held, process):
    before = world.everything()
    process.ok("create_snapshot", name="sale", snapshot="a")
    process.ok("create_snapshot", name="sale", snapshot="b")

    process.ok("delete_snapshot", name="sale", snapshot="a")

    assert held.snapshots() == ["b"]
    assert process.refused("delete_snapshot", name="sale", snapshot="a").kind == "not_found"
    process.ok("delete_snapshot", name="sale", snapshot="b")
    assert world.everything() == before


def test_an_environment_is_deleted_with_its_snapshots(world, held, process):
    process.ok("create_snapshot", name="sale", snapshot="a")
    process.ok("create_snapshot", name="sale", snapshot="b")

    process.ok("delete_environment", name="sale")

    assert process.deps.store.snapshots.all() == ()
    everything = world.everything()
    assert not any("snap" in name for name in everything["databases"])
    assert process.doctor().leftovers() == ()


def begun(process, tool, **raw):
    """Begin a job, and return its id once it waits for a moment without requests."""
    job = process.runner.call(tool, raw, Actor(TEAM, ActorKind.CLI, "ada"), CALLER).job
    deadline = time.monotonic() + 5
    while getattr(process.deps.work.jobs.get(TEAM, job).progress, "step", "") != "pause":
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return job


def steps(process):
    points = process.passed("create_snapshot", name="sale", snapshot="passing")
    process.ok("delete_snapshot", name="sale", snapshot="passing")
    return [point for point in points if point.startswith("snapshot.")]
