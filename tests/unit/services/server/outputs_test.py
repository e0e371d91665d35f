"""Long texts of a whole product in memory: kept, read, removed with what they are about."""

from tests.support.memory.engine import Run
from tests.support.memory.process import Process

LINES = 2000


def test_a_log_that_does_not_fit_is_read_whole(process, sale, world):
    handle = long_log(process, sale, world)

    page = process.ok("read_output", handle=handle)
    end = process.ok("read_output", handle=handle, lines=f"{LINES}-{LINES}")

    assert page.total == LINES
    assert 0 < len(page.text) <= 32_000
    assert end.text.startswith(f"{LINES - 1:06}")


def test_a_failed_creations_whole_output_is_read_by_the_team(process, sale, world):
    world.odoo.broken.add("sale")
    boot = world.engine.program

    def talkative(spec):
        run = boot(spec)
        return Run((*(f"line {number}" for number in range(99)), *run.lines), run.exit_code)

    world.engine.program = talkative
    made = process.call("create_environment", **sale)

    assert made.truncated
    assert "line 3" not in made.error.output
    assert "line 3\n" in process.ok("read_output", handle=made.output).text
    assert "it broke" in process.ok("read_output", handle=made.output, errors=True).text


def test_the_outputs_of_an_environment_go_with_it(process, sale, world):
    handle = long_log(process, sale, world)

    process.reconcile(at_start=False)
    assert process.ok("read_output", handle=handle).total == LINES
    process.ok("delete_environment", name="sale")
    process.reconcile(at_start=False)

    assert process.deps.work.outputs.read("1", handle) is None


def test_outputs_go_with_the_instance(process, sale, world):
    long_log(process, sale, world)

    told = list(process.destroy())

    assert f"removed folder {world.data_dir / 'outputs'}" in told
    assert not (world.data_dir / "outputs").exists()


def long_log(process: Process, sale: dict[str, object], world) -> str:
    """Create an environment whose log fits into no answer; return the handle of its output."""
    process.ok("create_environment", **sale)
    log = world.engine.containers["memory-env-1.sale"].log
    log.extend((log[-1][0], f"{number:06}" + "x" * 94) for number in range(LINES))
    answer = process.call("get_environment_logs", name="sale", lines=LINES)
    assert answer.output
    return answer.output
