"""Test runs of an environment in memory: what they answer, keep, refuse, and leave behind."""

from dataclasses import replace

import pytest

from oduflow.adapters.docker.build import BROWSER_OF
from oduflow.domain.access import Actor, ActorKind, Tier
from oduflow.domain.environment import EnvironmentState
from oduflow.domain.errors import Busy, Forbidden, Invalid, NotFound
from oduflow.domain.filestore import FilestoreKind
from oduflow.domain.outcome import Status
from oduflow.kernel.locks import LockKey
from tests.support.memory.images import image
from tests.support.memory.process import CALLER
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
        (
            "1 test was skipped because odoo:19.0 has no browser that runs: they are not tested. "
            "On the server: `oduflow images build odoo:19.0-browser` adds one."
        ),
    )
    assert envelope.data.counts.skipped == 1


@pytest.mark.parametrize(
    ("made_of", "used", "said"),
    [
        ("sha256:odoo:19.0", "sha256:odoo:19.0-browser", "odoo:19.0-browser has no browser that"),
        ("sha256:older", "sha256:odoo:19.0", "odoo:19.0-browser was made of another odoo:19.0."),
    ],
)
def test_tests_run_in_the_image_with_a_browser_that_was_made_of_the_environments_own(
    world, held, process, testing, made_of, used, said
):
    built = replace(image("odoo:19.0-browser"), environment={BROWSER_OF: made_of})
    world.images.here[built.reference] = built
    testing.outcomes = {"test_tour": "skipped"}
    specs = noted(world)

    envelope = process.call("run_tests", **RUN)

    assert [spec.image for spec in specs] == [used]
    assert said in envelope.warnings[0]


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


def test_the_environment_is_held_while_its_tests_run(process):
    held = process.deps.work.locks.acquire(LockKey.environment("1", "sale"), "another call")
    try:
        with pytest.raises(Busy, match="another call"):
            process.call("run_tests", **RUN)
    finally:
        held.release()


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


def noted(world):
    """Return a list that gets the specifications of the containers of tests."""
    specs, program = [], world.engine.program

    def note(spec):
        if spec.name.endswith(".tests"):
            specs.append(spec)
        return program(spec)

    world.engine.program = note
    return specs
