import json

import pytest

from oduflow.domain.container import ExecResult
from oduflow.domain.errors import Kind
from oduflow.domain.plan import EnvironmentPlan

CONTAINER = "memory-env-1.sale"


@pytest.fixture
def inside(world, process, sale):
    """Let commands end as asked for; return what they were."""
    process.ok("create_environment", **sale)
    specs = []

    def answer(code=0, output="", *, timed_out=False):
        def run(_container, spec):
            specs.append(spec)
            return ExecResult(code, output, 1.5, timed_out)

        world.engine.inside = run
        return specs

    return answer


def run(process, *command, **more):
    return process.call("run_command", name="sale", command=list(command), **more)


def test_a_command_runs_in_the_checkouts_folder_and_shows_what_it_printed(process, inside):
    specs = inside(output="  one\ntwo\n")

    done = run(process, "ls", "-l", timeout=7)

    assert done.data.output == "  one\ntwo\n"
    assert done.summary == "`ls -l` ended with exit code 0 after 1.5 s."
    assert (specs[0].command, specs[0].timeout) == (("ls", "-l"), 7)
    assert specs[0].folder.startswith("/mnt/repo/")


@pytest.mark.parametrize(
    ("code", "timed_out", "said"),
    [
        (3, False, "`x` ended with exit code 3."),
        (126, False, "cannot be executed"),
        (127, False, "there is no such program"),
        (137, False, "limit of memory"),
        (137, True, "did not end within 60 s and was killed"),
        (143, False, "by signal 15"),
    ],
)
def test_another_exit_code_is_a_failure_with_the_last_lines(process, inside, code, timed_out, said):
    inside(code, "\n".join(map(str, range(1000))), timed_out=timed_out)

    failed = run(process, "x")

    assert failed.error.kind is Kind.UPSTREAM
    assert said in failed.error.message
    assert failed.error.output.splitlines()[0] == "950"
    assert process.ok("read_output", handle=failed.output).total == 1000


def test_a_long_output_is_kept_whole(process, inside):
    inside(output="x" * 100 + "\n" + "y" * 20_000)

    done = run(process, "x")

    assert done.truncated
    assert process.ok("read_output", handle=done.output).total == 2


def test_tokens_are_masked_in_what_is_shown(process, inside):
    inside(output="https://ada:secret@host/ and ghp_0123456789abcdef")

    done = run(process, "env")

    assert "secret" not in done.data.output
    assert "0123456789" not in done.data.output


def test_no_command_runs_in_an_environment_that_does_not(world, process, inside):
    inside()
    process.ok("stop_environment", name="sale")
    stopped = run(process, "x").error
    del world.engine.containers[CONTAINER]
    lost = run(process, "x").error

    assert (stopped.kind, stopped.next[0].operation) == (Kind.CONFLICT, "start_environment")
    assert (lost.kind, lost.next[0].operation) == (Kind.CONFLICT, "rebuild_environment")


def shell(world, process, *, code=0, printed="", timed_out=False, loads=True, **report):
    """Run code whose script reports this."""

    def run(_container, spec):
        mark = json.loads(spec.stdin)["mark"]
        said = f"\n{mark} {json.dumps(report)}\n" if report else ""
        loaded = f'\n{mark} {{"loaded": true}}\n' if loads else ""
        return ExecResult(code, f"{loaded}{printed}{said}", 2.0, timed_out)

    world.engine.inside = run
    return process.call("run_odoo_shell", name="sale", code="1 + 1")


def test_code_shows_its_value_and_what_it_printed(world, process, inside):
    done = shell(world, process, printed="hello", ok=True, value="2")

    assert (done.data.value, done.data.output, done.data.changes) == ("2", "hello", "none")
    assert done.summary == "The code ran in sale and changed nothing through env.cr."
    assert done.snapshot is not None


@pytest.mark.parametrize(
    ("report", "said"),
    [
        ({"rolled_back": True}, "changed data, rolled back"),
        ({"committed": True, "signalled": True}, "committed its changes"),
        ({"committed": True, "rolled_back": True}, "later ones were rolled back"),
    ],
)
def test_what_became_of_the_data_is_said(world, process, inside, report, said):
    done = shell(world, process, ok=True, value=None, **report)

    assert said in done.summary
    assert bool(done.warnings) is (bool(report.get("committed")) and "signalled" not in report)


def test_an_exception_is_a_failure_with_the_codes_own_traceback(world, process, inside):
    failed = shell(
        world, process, code=1, printed="before", ok=False, error="E: x", traceback="T\nE: x\n"
    )

    assert failed.error.message == "The code failed: E: x."
    assert failed.error.hint.startswith("Nothing was changed through env.cr")
    assert failed.error.output == "before\nT\nE: x"


def test_an_end_without_a_report_is_never_a_success(world, process, inside):
    ended = shell(world, process, code=0, printed="x")
    late = shell(world, process, code=137, timed_out=True)
    odd = shell(world, process, code=1, ok=True, value="2")
    broken = shell(
        world,
        process,
        code=1,
        printed="Traceback (most recent call last):\n  File\nKeyError: 'x'",
        loads=False,
    )

    assert "its end is unknown" in ended.error.message
    assert "within 120 s" in late.error.message
    assert odd.error is not None
    assert "did not load the database: KeyError" in broken.error.message


def test_a_command_that_a_dead_process_left_is_killed_by_the_next_look_and_by_the_next_command(
    world, process, inside
):
    inside()
    run(process, "true")
    row = process.deps.store.environments.get("1", "sale")
    mark = EnvironmentPlan.of(process.deps.naming, row).command_mark
    ended = world.engine.containers[CONTAINER].ended_inside
    assert (mark.exists(), ended) == (False, [])

    mark.write_text("left")
    process.reconcile()
    assert (mark.exists(), ended) == (False, ["left"])

    mark.write_text("left again")
    specs = inside()
    run(process, "true")
    assert ended == ["left", "left again"]
    assert specs[0].mark not in {"", *ended}
    assert not mark.exists()
