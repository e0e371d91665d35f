"""How test runs in memory end: failures, kills, and what the next look settles and prunes."""

import threading
import time

import pytest

from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.errors import UpstreamFailed
from oduflow.domain.outcome import Status
from oduflow.domain.test_run import RUNS_KEPT
from oduflow.kernel.call import CANCEL_CHECK_SECONDS
from oduflow.services.environments.test_clone import TestClone
from oduflow.services.test_runs.running import RunningTests
from tests.support.memory.process import CALLER, Process

RUN = {"name": "sale", "modules": ["sale"]}


def test_a_clone_that_cannot_be_made_fails_the_run_and_leaves_nothing(world, held, process):
    before = world.everything()
    process.faults.fail("cluster.hand_over", UpstreamFailed("It broke."))

    assert process.refused("run_tests", **RUN).message == "It broke."

    assert world.everything() == before
    (run,) = process.ok("list_test_runs", name="sale").test_runs
    assert (run.status, held.status) == (Status.FAILED, "running")


def test_a_clone_that_cannot_be_removed_is_removed_by_the_next_look(world, held, process):
    before, program = world.everything(), world.engine.program

    def ran(spec):
        if spec.name.endswith(".tests"):
            process.faults.fail("volumes.remove", UpstreamFailed("Busy."))
        return program(spec)

    world.engine.program = ran

    envelope = process.call("run_tests", **RUN)

    assert envelope.status is Status.OK
    assert envelope.warnings == (
        "The clone could not be removed; the server removes it within a minute.",
    )
    process.reconcile()
    assert world.everything() == before
    assert process.ok("list_test_runs", name="sale").test_runs[0].status is Status.OK


def test_files_that_cannot_be_removed_are_removed_by_the_next_look(
    world, held, process, monkeypatch
):
    before = world.everything()
    remove_database, calls = TestClone.remove_database, []

    def refused(clone):
        calls.append(clone)
        if len(calls) == 2:  # the first is before the clone is made
            raise OSError(13, "Permission denied")
        remove_database(clone)

    monkeypatch.setattr(TestClone, "remove_database", refused)

    envelope = process.call("run_tests", **RUN)

    assert envelope.warnings == (
        "The clone could not be removed; the server removes it within a minute.",
    )
    process.reconcile()
    assert world.everything() == before


def test_the_end_of_a_run_is_written_while_its_clone_is_marked(held, process, monkeypatch):
    store = process.deps.store.test_runs
    marked: list[Status] = []
    clear = RunningTests.clear

    def noted(work):
        marked.extend(run.status for run in store.with_clone())
        return clear(work)

    monkeypatch.setattr(RunningTests, "clear", noted)

    process.ok("run_tests", **RUN)

    assert marked == [Status.OK]


def test_an_unexpected_error_fails_the_run_and_leaves_nothing(world, held, process):
    before = world.everything()
    process.faults.fail("containers.run_one_off", RuntimeError("a defect"))

    process.call("run_tests", **RUN)

    (run,) = process.deps.store.test_runs.all()
    assert (run.status, run.finished_at is None) == (Status.FAILED, False)
    assert "unexpected error" in run.summary
    assert world.everything() == before


def test_a_running_row_without_a_mark_is_interrupted_by_the_next_look(held, process):
    run, store = process.ok("run_tests", **RUN).run, process.deps.store.test_runs
    store.update(run, status=Status.RUNNING, clone=False)

    process.reconcile()

    assert store.by_id(run).status is Status.INTERRUPTED


@pytest.mark.thorough
def test_a_run_that_is_killed_anywhere_is_interrupted_and_leaves_nothing(world, held, process):
    points = [each for each in process.passed("run_tests", **RUN) if each.startswith("tests.")]
    assert {"tests.reserve.after", "tests.snapshot.after", "tests.tests.before"} <= set(points)
    before = world.everything()
    for point in points:
        Process(world).killed("run_tests", at=point, **RUN)
        after = Process(world)
        after.reconcile()
        assert world.everything() == before, point
        newest = after.ok("list_test_runs", name="sale").test_runs[0]
        made_row = point != "tests.reserve.before"
        assert (newest.status is Status.INTERRUPTED) is made_row, point
        assert held.status == "running", point
        assert after.ok("run_tests", **RUN).counts.passed == 1


def test_the_next_run_removes_what_a_killed_one_left(world, held, process):
    before = world.everything()
    Process(world).killed("run_tests", at="tests.tests.before", **RUN)

    second = Process(world)

    assert second.ok("run_tests", **RUN).counts.passed == 1
    assert world.everything() == before
    statuses = [each.status for each in second.ok("list_test_runs", name="sale").test_runs]
    assert statuses == [Status.OK, Status.INTERRUPTED]


def test_an_environment_is_deleted_with_a_clone_that_was_left_and_with_its_runs(
    world, held, process
):
    Process(world).killed("run_tests", at="tests.tests.before", **RUN)

    second = Process(world)
    second.ok("delete_environment", name="sale")

    assert second.deps.store.test_runs.all() == ()
    left = world.everything()
    assert not [each for kind in left.values() for each in kind if "tests" in each]
    assert second.doctor().leftovers() == ()


@pytest.mark.thorough
def test_old_runs_are_pruned_by_age_and_count(process, held):
    store = process.deps.store.test_runs
    for _ in range(RUNS_KEPT + 2):
        process.ok("run_tests", **RUN)
    process.reconcile()
    assert len(store.all()) == RUNS_KEPT

    oldest = store.all()[-1]
    with process.deps.store.test_runs._store.write() as connection:
        connection.exec_driver_sql(
            "UPDATE test_runs SET created_at = '2020-01-01T00:00:00.000000Z' WHERE id = ?",
            (oldest.id,),
        )
    process.reconcile()
    assert oldest.id not in {run.id for run in store.all()}
    assert len(store.all()) == RUNS_KEPT - 1


def test_a_cancelled_run_keeps_what_was_known(world, held, process, testing, monkeypatch):
    testing.outcomes = {"test_one": "passed", "test_two": "hangs", "test_three": "passed"}
    testing.ends = False
    jobs = process.deps.work.jobs
    begun, go = threading.Event(), threading.Event()
    program = world.engine.program

    def slow(spec):
        if spec.name.endswith(".tests"):
            begun.set()
            assert go.wait(20)
        return program(spec)

    world.engine.program = slow
    actor = Actor("1", ActorKind.CLI, "ada")
    handle = process.runner.call("run_tests", RUN, actor, CALLER)
    assert begun.wait(20)
    process.ok("cancel_job", job=handle.job)
    time.sleep(CANCEL_CHECK_SECONDS)
    go.set()

    ended = jobs.wait("1", handle.job, 20)

    assert ended.status is Status.CANCELLED
    assert ended.result["error"]["message"] == "Stopped on request. 1 of 3 tests had run."
    (run,) = process.ok("list_test_runs", name="sale").test_runs
    assert (run.status, run.counts.passed, run.counts.never_run) == (Status.CANCELLED, 1, 1)
