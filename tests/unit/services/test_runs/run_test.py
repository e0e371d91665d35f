"""Test runs of an environment in memory: what they answer, keep, refuse, and leave behind."""

import threading
import time

import pytest

from oduflow.domain.access import Actor, ActorKind, Tier
from oduflow.domain.environment import EnvironmentState
from oduflow.domain.errors import Busy, Forbidden, Invalid, NotFound, UpstreamFailed
from oduflow.domain.filestore import FilestoreKind
from oduflow.domain.outcome import Status
from oduflow.domain.test_run import RUNS_KEPT
from oduflow.kernel.call import CANCEL_CHECK_SECONDS
from oduflow.kernel.locks import LockKey
from oduflow.services.environments.test_clone import TestClone
from oduflow.services.test_runs.running import RunningTests
from tests.support.held import EnvironmentContents
from tests.support.memory.process import CALLER, Process
from tests.support.memory.testing import failed

RUN = {"name": "sale", "modules": ["sale"]}


def test_passing_tests_are_a_success_and_nothing_of_them_stays(world, held, process):
    before = world.everything()

    envelope = process.call("run_tests", **RUN)

    assert (envelope.status, envelope.error) == (Status.OK, None)
    assert envelope.summary == "sale: 1 passed of 1 test of sale."
    assert (envelope.warnings, envelope.data.failures) == ((), ())
    assert world.everything() == before
    assert (held.status, held.snapshots(), held.read()) == ("running", [], {"first"})


def test_a_failed_test_is_a_failed_answer_with_its_place_and_how_to_repeat_it(process, testing):
    testing.outcomes = {"test_one": "passed", "test_two": "failed", "test_three": "error"}

    envelope = process.call("run_tests", **RUN)

    assert envelope.status is Status.FAILED
    assert envelope.error.message == "1 failed, 1 error, 1 passed of 3 tests of sale."
    shown = [(each.test, each.outcome, each.file, each.line) for each in envelope.data.failures]
    assert shown == [
        ("/sale:TestIt.test_three", "error", "sale/tests/test_order.py", 12),
        ("/sale:TestIt.test_two", "failed", "sale/tests/test_order.py", 12),
    ]
    assert envelope.data.failures[1].message == "AssertionError: 1 != 2"
    run = envelope.data.run
    assert f"run_tests name=sale failed_of={run}" in [each.as_call() for each in envelope.next]
    assert envelope.error.output.splitlines()[1] == (
        "FAILED /sale:TestIt.test_two (sale/tests/test_order.py:12): AssertionError: 1 != 2"
    )


def test_the_output_has_every_test_the_traces_and_odoos_log(process, testing):
    testing.outcomes = {"test_one": "passed", "test_two": "failed"}
    testing.lines = ("a line of Odoo's log",)

    envelope = process.call("run_tests", **RUN)

    text = process.ok("read_output", handle=envelope.output).text
    assert "Traceback x" in text
    assert "passed       0.250 s  /sale:TestIt.test_one" in text
    assert text.endswith("Odoo's log:\na line of Odoo's log")


@pytest.mark.parametrize(
    ("tags", "said"),
    [
        ("", "sale has no standard test, so nothing was tested."),
        ("-slow", "No test of sale has the tags -slow, so nothing was tested."),
    ],
)
def test_no_test_is_a_failure(process, testing, tags, said):
    testing.outcomes = {}

    error = process.refused("run_tests", **RUN, tags=tags)

    assert error.message == said


@pytest.mark.parametrize(
    ("outcomes", "said"),
    [
        ({"test_one": "skipped"}, "The only test was skipped, so nothing was tested."),
        (
            {"test_one": "skipped", "test_two": "skipped"},
            "All 2 tests were skipped, so nothing was tested.",
        ),
    ],
)
def test_skipped_tests_alone_are_a_failure(process, testing, outcomes, said):
    testing.outcomes = outcomes

    envelope = process.call("run_tests", **RUN)

    assert (envelope.status, envelope.error.message) == (Status.FAILED, said)
    assert envelope.data.skipped[0].reason == "Chrome executable not found"


def test_a_test_that_never_ran_is_a_failure(process, testing):
    testing.outcomes = {"test_one": "passed", "test_two": "never"}

    envelope = process.call("run_tests", **RUN)

    assert envelope.error.message == "1 never run, 1 passed of 2 tests of sale."
    assert envelope.data.failures[0].message == "Odoo did not run it."


def test_a_class_that_cannot_be_prepared_is_an_error_and_its_tests_never_ran(process, testing):
    testing.outcomes = {"test_one": "never"}
    testing.problems = [
        {"class": "odoo.addons.sale.tests.test_it.TestIt", "method": "setUpClass"}
        | failed("error", "no data", type_="ValueError")
    ]

    shown = process.call("run_tests", **RUN).data

    assert [(each.test, each.outcome) for each in shown.failures] == [
        ("/sale:TestIt.setUpClass", "error"),
        ("/sale:TestIt.test_one", "never_run"),
    ]
    assert (shown.counts.planned, shown.counts.errors, shown.counts.never_run) == (1, 1, 1)


def test_a_class_that_skips_itself_skips_its_tests(process, testing):
    testing.outcomes = {"test_one": "never", "test_two": "passed"}
    testing.problems = [
        {
            "class": "odoo.addons.sale.tests.test_it.TestIt",
            "kind": "skipped",
            "message": "needs a country",
        }
    ]

    envelope = process.call("run_tests", **RUN)

    assert envelope.status is Status.OK
    assert [each.reason for each in envelope.data.skipped] == ["needs a country"]
    assert envelope.warnings == ()


def test_tests_that_need_a_browser_are_told_to_be_untested(process, testing):
    testing.outcomes = {"test_one": "passed", "test_tour": "skipped"}

    envelope = process.call("run_tests", **RUN)

    assert envelope.status is Status.OK
    assert envelope.warnings == (
        "1 test was skipped because odoo:19.0 has no browser: they are not tested.",
    )
    assert envelope.data.counts.skipped == 1


def test_a_test_that_odoo_runs_twice_is_a_success_of_one_test(process, testing):
    testing.twice = "test_one"

    assert process.ok("run_tests", **RUN).odoo == "0 failed, 0 error(s) of 2 tests"


def test_counts_that_are_not_odoos_own_are_no_success(process, testing):
    testing.odoo = {"failed": 1, "text": "1 failed, 0 error(s) of 1 tests"}

    error = process.refused("run_tests", **RUN)

    assert error.message == (
        "1 test passed, but Odoo itself counted 1 failed, 0 error(s) of 1 tests, "
        "which the results do not explain."
    )


def test_an_odoo_that_does_not_load_says_why(process, testing):
    testing.chain = (
        {"type": "SyntaxError", "message": "invalid syntax", "frames": []}
        | {"file": "/mnt/repo/addons/sale/models.py", "line": 3},
    )
    testing.exit_code = 1

    error = process.refused("run_tests", **RUN)

    assert error.message == (
        "Odoo did not load the database: sale/models.py:3: SyntaxError: invalid syntax."
    )


@pytest.mark.parametrize(
    ("outcome", "said"), [("passed", "1 error, 1 passed"), ("failed", "1 failed, 1 error")]
)
def test_a_module_that_odoo_leaves_out_is_a_failure(world, held, process, testing, outcome, said):
    world.postgres.change(held.plan.database, modules={"sale": "installed", "crm": "installed"})
    testing.unloaded, testing.outcomes = ("crm",), {"test_one": outcome}

    error = process.refused("run_tests", name="sale", modules=["sale", "crm"])

    assert error.message == f"Odoo did not load crm: {said} of 1 test of sale, crm."
    assert "depends on one that is missing" in error.hint
    assert process.call("run_tests", name="sale", modules=["sale", "crm"]).warnings == ()


def test_a_module_without_a_test_of_the_tags_is_named(world, held, process, testing):
    world.postgres.change(held.plan.database, modules={"sale": "installed", "crm": "installed"})
    testing.bare = {"crm"}

    for tags, said in (("slow", "test of these tags"), ("", "standard test")):
        envelope = process.call("run_tests", name="sale", modules=["sale", "crm"], tags=tags)

        assert envelope.warnings == (f"crm has no {said}.",)


def test_a_process_that_a_test_ended_names_the_test(process, testing):
    testing.outcomes = {"test_one": "passed", "test_two": "hangs", "test_three": "passed"}
    testing.ends, testing.exit_code = False, 139

    envelope = process.call("run_tests", **RUN)

    assert envelope.error.message == (
        "Odoo ended with exit code 139 before the tests did: "
        "1 error, 1 never run, 1 passed of 3 tests of sale."
    )
    assert [each.test for each in envelope.data.failures] == [
        "/sale:TestIt.test_two",
        "/sale:TestIt.test_three",
    ]


def test_columns_that_the_database_lacks_are_named_with_their_remedy(process, testing):
    testing.outcomes = {"test_one": "failed"}
    testing.missing = (("sale.order.margin", ("sale",)),)

    envelope = process.call("run_tests", **RUN)

    (warning,) = envelope.warnings
    assert warning.endswith("so its modules need an upgrade: sale.order.margin.")
    assert envelope.next[0].as_call() == "upgrade_modules name=sale modules=sale"


@pytest.mark.parametrize(
    ("modules", "message", "call"),
    [
        (["sael"], "There is no module sael in sale. Did you mean sale?", "list_modules name=sale"),
        (
            ["crm"],
            "crm is not installed in sale, and tests run on what is installed.",
            "install_modules name=sale modules=crm",
        ),
    ],
)
def test_modules_that_are_not_installed_are_refused_before_anything_runs(
    world, held, process, testing, modules, message, call
):
    world.postgres.change(held.plan.database, modules={"sale": "installed", "crm": "uninstalled"})
    process.faults.calls.clear()

    error = process.refused("run_tests", name="sale", modules=modules)

    assert error.message == message
    assert [each.as_call() for each in error.next] == [call]
    assert "containers.run_one_off" not in process.faults.calls
    assert process.ok("list_test_runs", name="sale").test_runs == ()
    assert testing.asked == []


def test_a_call_without_modules_is_refused(held, process):
    with pytest.raises(Invalid, match="Say which modules") as refusal:
        process.call("run_tests", name="sale")

    assert refusal.value.argument == "modules"


def test_the_container_has_the_clones_data_alone(world, held, process, testing):
    specs, program = [], world.engine.program

    def noted(spec):
        specs.append(spec)
        return program(spec)

    world.engine.program = noted

    process.ok("run_tests", **RUN, tags=":TestIt.test_one")

    (spec,) = [each for each in specs if each.name == "memory-env-1.sale.tests"]
    mounted = {mount.source for mount in spec.mounts if mount.kind == "volume"}
    assert mounted == {held.plan.tests_filestore}
    assert (spec.publish, [each.network for each in spec.networks]) == ((), ["memory-team-1"])
    assert held.plan.tests_database == f"{held.plan.database}_tests"
    (conf,) = testing.passwords
    assert f"db_name = {held.plan.tests_database}\n" in conf
    secret = (held.plan.secrets / "database_password").read_text()
    assert secret not in conf
    assert testing.asked[0]["tags"] == "/sale:TestIt.test_one"
    assert testing.asked[0]["modules"] == ["sale"]


def test_what_failed_is_run_again(process, testing):
    testing.outcomes = {"test_one": "passed", "test_two": "failed", "test_three": "never"}
    first = process.call("run_tests", **RUN, tags="-slow").data.run

    testing.outcomes = dict.fromkeys(testing.outcomes, "passed")
    again = process.ok("run_tests", name="sale", failed_of=first)

    assert again.counts.planned == 2
    assert (again.failed_of, again.tags) == (first, "-slow")
    assert testing.asked[1]["only"] == [
        f"odoo.addons.sale.tests.test_it.TestIt.{name}" for name in ("test_two", "test_three")
    ]
    error = process.refused("run_tests", name="sale", failed_of=again.run)
    assert error.message == f"Nothing of that failed in run {again.run}."
    assert error.next[0].as_call() == "run_tests name=sale modules=sale"


def test_tests_that_are_gone_are_named_and_no_success_without_others(process, testing):
    testing.outcomes = {"test_one": "failed", "test_two": "failed"}
    first = process.call("run_tests", **RUN).data.run
    said = f"Of run {first}, there are no longer tests of sale.tests.test_it.TestIt.test_two."

    testing.outcomes = {"test_one": "passed"}
    envelope = process.call("run_tests", name="sale", failed_of=first)
    assert (envelope.status, envelope.warnings) == (Status.OK, (said,))

    testing.outcomes = {"test_other": "passed"}
    error = process.refused("run_tests", name="sale", failed_of=first)
    assert error.message == f"No test of run {first} exists any more."


def test_a_run_that_failed_without_a_failed_test_is_run_again(process, testing):
    testing.outcomes = {"test_one": "skipped"}
    first = process.call("run_tests", **RUN).data.run

    testing.outcomes = {"test_one": "passed"}
    again = process.ok("run_tests", name="sale", failed_of=first)

    assert (again.modules, again.counts.passed) == (("sale",), 1)


def test_modules_that_a_run_did_not_come_to_are_repeated_too(world, held, process, testing):
    world.postgres.change(held.plan.database, modules={"sale": "installed", "crm": "installed"})
    testing.outcomes, testing.bare = {"test_one": "passed", "test_two": "hangs"}, {"crm"}
    testing.ends, testing.exit_code = False, 139
    first = process.call("run_tests", name="sale", modules=["sale", "crm"]).data.run

    testing.bare = set()
    process.call("run_tests", name="sale", failed_of=first)

    assert testing.asked[1]["modules"] == ["sale", "crm"]
    assert testing.asked[1]["only"] == [
        "odoo.addons.sale.tests.test_it.TestIt.test_two",
        "odoo.addons.crm.",
    ]
    error = process.refused("run_tests", name="sale", failed_of=first, modules=["crm"])
    assert testing.asked[2]["only"] == ["odoo.addons.crm."], error


def test_a_module_that_odoo_left_out_is_repeated_too(world, held, process, testing):
    world.postgres.change(held.plan.database, modules={"sale": "installed", "crm": "installed"})
    testing.unloaded, testing.outcomes = ("crm",), {"test_one": "failed"}
    first = process.call("run_tests", name="sale", modules=["sale", "crm"]).data.run

    process.call("run_tests", name="sale", failed_of=first)

    assert testing.asked[1]["modules"] == ["crm", "sale"]


def test_a_module_that_could_not_be_imported_is_run_again_as_a_whole(process, testing):
    testing.outcomes = {}
    testing.problems = [{"module": "sale", **failed("import", type_="ImportError")}]
    first = process.call("run_tests", **RUN)
    assert first.data.failures[0].test == "/sale"

    process.call("run_tests", name="sale", failed_of=first.data.run)

    assert testing.asked[1]["only"] == ["odoo.addons.sale."]


def test_a_run_of_another_environment_is_not_found(held, process, sale):
    process.ok("create_environment", **sale | {"name": "other", "modules": []})
    run = process.ok("run_tests", **RUN).run

    said = f"other has no test run {run}."
    with pytest.raises(NotFound, match=said):
        process.call("get_test_run", name="other", run=run)
    assert process.refused("run_tests", name="other", failed_of=run).message == said


def test_runs_are_listed_newest_first_and_shown_later(process, testing):
    first = process.ok("run_tests", **RUN).run
    testing.outcomes = {"test_one": "failed"}
    second = process.call("run_tests", **RUN).data

    listed = process.ok("list_test_runs", name="sale").test_runs
    assert [each.run for each in listed] == [second.run, first]
    assert process.ok("get_test_run", name="sale", run=second.run) == second


def test_a_run_is_kept_as_junit_xml(process, testing):
    testing.outcomes = {"test_one": "failed"}
    run = process.call("run_tests", **RUN).data.run

    answer = process.call("get_test_run", name="sale", run=run, junit=True)

    text = process.ok("read_output", handle=answer.output).text
    assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="sale"')


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
    marked, store = [], process.deps.store.test_runs
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


def test_the_environment_is_held_while_its_tests_run(process):
    held = process.deps.work.locks.acquire(LockKey.environment("1", "sale"), "another call")
    try:
        with pytest.raises(Busy, match="another call"):
            process.call("run_tests", **RUN)
    finally:
        held.release()


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


def test_an_environment_that_does_not_run_is_tested_and_stays_stopped(world, held, process):
    process.ok("stop_environment", name="sale")

    assert process.ok("run_tests", **RUN).counts.passed == 1

    assert held.status == "exited"
    assert held.row.state is EnvironmentState.STOPPED


def test_an_environment_of_an_older_version_is_told_to_rebuild(held, process):
    process.deps.store.environments.update(held.row.id, filestore=FilestoreKind.VOLUME)

    error = process.refused("run_tests", **RUN)

    assert "rebuild_environment name=sale" in [step.as_call() for step in error.next]


def test_an_actor_that_may_only_read_runs_no_tests_and_sees_their_results(held, process):
    run = process.ok("run_tests", **RUN).run
    reader = Actor("1", ActorKind.CLI, "ada", frozenset({Tier.READ}))

    shown = process.runner.call("get_test_run", {"name": "sale", "run": run}, reader, CALLER)
    assert shown.data.run == run
    with pytest.raises(Forbidden, match="environment:write"):
        process.runner.call("run_tests", RUN, reader, CALLER)


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


@pytest.fixture
def held(world, process, sale):
    process.ok("create_environment", **sale)
    made = EnvironmentContents(world, process)
    made.write("first")
    return made


@pytest.fixture
def testing(world, held):
    return world.odoo.testing
