import pytest

from oduflow.domain.errors import Kind
from oduflow.domain.pending_change import CODE_CHANGE
from oduflow.domain.plan import EnvironmentPlan
from tests.support.code_changes import (
    BODY_CHANGED,
    CONTAINER,
    FIELD_ADDED,
    FILES,
    VIEW_CHANGED,
    back,
    files,
    make,
    modules,
    points,
    push,
    row,
)
from tests.support.memory.odoo import Changing
from tests.support.memory.process import Process


@pytest.mark.parametrize("changes", [FIELD_ADDED, BODY_CHANGED, {"requirements.txt": "humanize"}])
def test_a_step_that_fails_leaves_everything_as_it_was(world, running, changes):
    before, wrong = row(running), {}
    commit = push(world, changes)
    for point in points(world, running, commit)[:-1]:  # after the last one it is done
        running.faults.fail(point)
        error = running.refused("pull_and_apply", name="sale")
        told = error.message, row(running), files(running)
        if told != (f"It broke at {point}.", before, FILES):
            wrong[point] = told

    assert wrong == {}


@pytest.mark.parametrize(
    "changes",
    [FIELD_ADDED, BODY_CHANGED, VIEW_CHANGED, {"README.md": "x"}, {"requirements.txt": "x"}],
)
def test_a_change_that_is_killed_anywhere_is_undone_or_done_at_the_next_start(
    world, running, changes
):
    before, states, wrong = row(running), modules(world, running), {}
    commit = push(world, changes)
    for point in points(world, running, commit):
        if changes == FIELD_ADDED:
            world.odoo.changing = Changing(leaves={"other": "to install"})
        Process(world).killed("pull_and_apply", at=point, name="sale")
        world.odoo.changing = Changing()
        after = Process(world)
        if row(after).applying is not None:
            assert after.refused("restart_environment", name="sale").kind is Kind.BUSY
        after.reconcile()
        if row(after).commit == commit:
            assert point.startswith(f"{CODE_CHANGE}.finish"), point
            back(after, before)
        if (row(after), files(after)) != (before, FILES):
            wrong[point] = row(after)
        if modules(world, after) != states:
            wrong[point] = modules(world, after)

    assert wrong == {}


def test_a_way_back_that_is_killed_is_gone_again(world, running):
    before, wrong = row(running), dict[str, object]()
    push(world, FIELD_ADDED)
    world.odoo.broken.add("sale")
    running.faults.calls.clear()
    running.refused("pull_and_apply", name="sale")
    passed = [each for each in running.faults.calls if each.startswith("rollback.")]
    for point in dict.fromkeys(passed):
        Process(world).killed("pull_and_apply", at=point, name="sale")
        after = Process(world)
        after.reconcile()
        after.reconcile()
        found = row(after)
        if (found.commit, found.state, found.step, found.applying) != (
            before.commit,
            "running",
            "",
            None,
        ):
            wrong[point] = found
        if files(after) != FILES:
            wrong[point] = files(after)

    assert len(passed) > 5
    assert wrong == {}


def test_a_way_back_that_is_killed_serves_as_before_though_the_change_had_failed_to_serve(
    world, running
):
    before, wrong = row(running), dict[str, object]()
    push(world, FIELD_ADDED)
    checkout = EnvironmentPlan.of(running.deps.naming, before).checkout
    world.odoo.breaking = checkout / "sale/sale.py", "fields.Char"
    running.faults.calls.clear()
    running.refused("pull_and_apply", name="sale")
    passed = dict.fromkeys(each for each in running.faults.calls if each.startswith("rollback."))
    for point in passed:
        Process(world).killed("pull_and_apply", at=point, name="sale")
        after = Process(world)
        after.reconcile()
        after.reconcile()
        found = row(after)
        if (found.state, found.step, found.applying) != ("running", "", None):
            wrong[point] = found
        if world.engine.containers[CONTAINER].status != "running":
            wrong[point] = "stopped"

    assert len(passed) > 5
    assert wrong == {}


def test_an_environment_that_cannot_be_brought_back_says_why(world, running):
    push(world, FIELD_ADDED)
    point = f"{CODE_CHANGE}.odoo.after"
    Process(world).killed("pull_and_apply", at=point, name="sale")
    after = Process(world)
    after.faults.fail("cluster.prepare_rollback", times=5)

    after.reconcile()

    found = row(after)
    assert (found.state, found.applying) == ("failed", None)
    assert found.error is not None
    assert "rollback_environment" in {each.operation for each in found.error.next}


@pytest.fixture
def running(world, process):
    return make(world, process)
