"""What becomes of clones and runs of a process that was killed, or could not remove them."""

from oduflow.domain.errors import UpstreamFailed
from oduflow.domain.outcome import Status
from oduflow.domain.test_run import RUNS_KEPT
from tests.support.memory.process import Process

RUN = {"name": "sale", "modules": ["sale"]}


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
