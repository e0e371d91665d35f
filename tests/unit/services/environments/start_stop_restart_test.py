from dataclasses import replace

import pytest

from oduflow.domain.errors import Kind
from tests.support.memory.process import Process

CONTAINER = "memory-env-1.sale"


def test_stopping_and_starting_keeps_everything(world, running):
    before = world.everything()

    stopped = running.ok("stop_environment", name="sale")
    assert (stopped.state, stopped.url) == ("stopped", None)
    assert world.engine.containers[CONTAINER].status == "exited"
    assert running.ok("stop_environment", name="sale").state == "stopped"

    started = running.ok("start_environment", name="sale")
    assert (started.state, row(running).step, row(running).job) == ("running", "", "")
    assert running.ok("start_environment", name="sale") == started
    assert world.everything() == before


def test_restarting_starts_the_same_container_again(world, running):
    container = world.engine.containers[CONTAINER]
    first = container.started_at

    assert running.ok("restart_environment", name="sale").state == "running"

    assert world.engine.containers[CONTAINER] is container
    assert container.started_at > first


@pytest.mark.parametrize("tool", ["start_environment", "restart_environment"])
def test_a_container_of_an_earlier_version_is_made_again_when_it_starts(world, running, tool):
    container = world.engine.containers[CONTAINER]
    label = world.naming.label("made")
    earlier = {**container.spec.labels}
    now = earlier.pop(label)
    container.spec = replace(container.spec, labels=earlier)
    running.ok("stop_environment", name="sale")

    assert running.ok(tool, name="sale").state == "running"

    assert world.engine.containers[CONTAINER] is not container
    assert world.engine.containers[CONTAINER].spec.labels[label] == now


def test_a_lost_container_is_told_and_made_anew(world, running):
    del world.engine.containers[CONTAINER]

    assert running.ok("get_environment", name="sale").state == "lost"
    for tool in ("start_environment", "restart_environment"):
        assert running.refused(tool, name="sale").kind is Kind.CONFLICT
    assert running.ok("rebuild_environment", name="sale").state == "running"


@pytest.mark.parametrize("tool", ["start_environment", "restart_environment"])
def test_an_odoo_that_serves_no_more_is_failed_with_the_reason(world, running, tool):
    running.ok("stop_environment", name="sale")
    world.odoo.boot_exit = 3

    error = running.refused(tool, name="sale")

    assert error.message == ("Odoo crashed at start with exit code 3: ValueError: it broke.")
    assert "it broke" in error.output
    assert (row(running).state, row(running).error.message) == ("failed", error.message)
    world.odoo.boot_exit = None
    assert running.ok("start_environment", name="sale").state == "running"
    assert row(running).error is None


@pytest.mark.parametrize("tool", ["start_environment", "stop_environment", "rebuild_environment"])
def test_what_a_dead_process_left_half_made_is_removed_not_worked_on(world, process, sale, tool):
    before = world.everything()
    process.killed("create_environment", at="create.database.after", **sale)
    after = Process(world)

    error = answer(after, tool)

    assert error.kind is Kind.NOT_FOUND
    assert "left creating by a process that died" in error.message
    assert world.everything() == before


def answer(process, tool):
    """Return the error of an operation, quick or slow."""
    try:
        return process.call(tool, name="sale").error
    except Exception as failure:  # noqa: BLE001 - compared by its kind
        return failure


def row(process):
    [found] = process.deps.store.environments.list("1")
    return found


@pytest.fixture
def running(process, sale):
    process.ok("create_environment", **sale)
    return process
