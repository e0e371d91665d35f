from pathlib import Path

import pytest

from oduflow.domain.errors import Conflict, Kind, QuotaReached, UpstreamFailed
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
from tests.support.memory.odoo import Changing, module
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


def test_a_way_back_that_fails_says_why_and_is_taken_again(world, running):
    before = row(running)
    push(world, FIELD_ADDED)
    Process(world).killed("pull_and_apply", at=f"{CODE_CHANGE}.odoo.after", name="sale")
    after = Process(world)
    after.faults.fail("cluster.prepare_rollback")

    after.reconcile()

    found = row(after)
    assert found.error is not None
    assert (found.state, found.error.message) == ("failed", "It broke at cluster.prepare_rollback.")
    assert found.applying is not None, "the way back is not dropped"
    assert world.engine.containers[CONTAINER].status != "running", "it may have the new code"
    error = after.refused("apply_changes", name="sale")
    assert "It broke at cluster.prepare_rollback." in error.hint
    after.reconcile()
    assert (row(after), files(after)) == (before, FILES)
    assert world.engine.containers[CONTAINER].status == "running"


@pytest.mark.parametrize("fault", ["containers.create", "containers.start"])
def test_a_way_back_of_which_the_start_after_the_rollback_fails_is_taken_again(
    world, running, fault
):
    before = row(running)
    push(world, {**FIELD_ADDED, "requirements.txt": "humanize"})
    Process(world).killed("pull_and_apply", at=f"{CODE_CHANGE}.bundles.before", name="sale")
    after, broken = Process(world), list[str]()

    def break_start() -> None:
        broken.append(fault)
        after.faults.fail(fault, UpstreamFailed("The engine does not answer.", ""))

    after.faults.meanwhile["rollback.finish.after"] = break_start

    after.reconcile()

    found = row(after)
    assert broken
    assert (found.state, found.commit) == ("failed", before.commit)
    assert found.applying is not None
    assert not found.applying.wrote, "the data of before are there"
    after.faults.meanwhile.clear()
    after.reconcile()
    assert (row(after), files(after)) == (before, FILES)
    assert world.engine.containers[CONTAINER].status == "running"


def test_an_environment_that_had_failed_keeps_the_error_of_then_after_a_way_back_that_failed_once(
    world, running
):
    world.odoo.boot_exit = 1
    running.refused("restart_environment", name="sale")
    world.odoo.boot_exit = None
    before = row(running)
    assert before.error is not None
    push(world, BODY_CHANGED)
    Process(world).killed("pull_and_apply", at=f"{CODE_CHANGE}.check.before", name="sale")
    after = Process(world)
    after.faults.fail("containers.remove")

    after.reconcile(at_start=False)
    assert row(after).error != before.error
    after.reconcile(at_start=False)

    assert row(after) == before


def test_a_way_back_that_cannot_succeed_is_given_up_and_the_error_leads_back(world, running):
    push(world, FIELD_ADDED)
    Process(world).killed("pull_and_apply", at=f"{CODE_CHANGE}.odoo.after", name="sale")
    after = Process(world)
    after.faults.fail("cluster.prepare_rollback", Conflict("It is gone.", ""))

    after.reconcile()

    found = row(after)
    assert found.error is not None
    assert (found.state, found.applying, found.error.message) == ("failed", None, "It is gone.")
    assert "rollback_environment" in {each.operation for each in found.error.next}
    assert world.engine.containers[CONTAINER].status != "running"
    after.reconcile()
    assert row(after) == found


def test_old_files_beside_new_data_without_a_snapshot_are_a_failure_that_is_applied_again(
    world, running
):
    before = row(running)
    push(world, FIELD_ADDED)
    point, dying = f"{CODE_CHANGE}.odoo.after", Process(world)
    dying.faults.fail("cluster.take_snapshot", QuotaReached("The disk is full."))
    dying.killed("pull_and_apply", at=point, name="sale", on_failure="keep")
    after = Process(world)

    after.reconcile()

    found = row(after)
    assert (found.state, found.commit, found.applying) == ("failed", before.commit, None)
    assert found.error is not None
    assert "of which there was no snapshot" in found.error.message
    told = after.ok("apply_changes", name="sale")
    assert "upgraded sale" in told.actions
    assert row(after).state == "running"


def test_a_stopped_environment_of_which_a_way_back_failed_once_is_stopped_again(world, running):
    running.ok("stop_environment", name="sale")
    before = row(running)
    push(world, FIELD_ADDED)
    Process(world).killed("pull_and_apply", at=f"{CODE_CHANGE}.odoo.after", name="sale")
    after = Process(world)
    after.faults.fail("cluster.prepare_rollback")

    after.reconcile()
    after.reconcile()

    assert row(after) == before


def test_an_environment_of_which_a_way_back_failed_once_serves_though_it_was_untouched(
    world, running
):
    before = row(running)
    push(world, FIELD_ADDED)
    Process(world).killed("pull_and_apply", at=f"{CODE_CHANGE}.check.before", name="sale")
    after = Process(world)
    after.faults.fail("containers.remove")

    after.reconcile()
    assert world.engine.containers[CONTAINER].status != "running"
    after.reconcile()

    assert row(after) == before
    assert world.engine.containers[CONTAINER].status == "running"


def test_what_users_wrote_until_the_kill_is_kept_as_a_snapshot(world, running):
    push(world, FIELD_ADDED)
    Process(world).killed("pull_and_apply", at=f"{CODE_CHANGE}.bundles.before", name="sale")
    after = Process(world)
    database = EnvironmentPlan.of(after.deps.naming, row(after)).database
    world.postgres.change(database, modules={**modules(world, after), "written": "installed"})

    after.reconcile()

    assert "written" not in modules(world, after)
    kept = after.ok("list_snapshots", name="sale").snapshots
    [written] = [each for each in kept if each.reason == "rollback_environment"]
    after.ok("rollback_environment", name="sale", snapshot=written.name)
    assert modules(world, after)["written"] == "installed"


@pytest.mark.parametrize("point", ["serving.after", "bundles.after", "finish.before"])
def test_an_environment_that_had_failed_does_not_run_with_code_that_was_taken_back(
    world, running, point
):
    world.odoo.boot_exit = 1
    running.refused("restart_environment", name="sale")
    world.odoo.boot_exit = None
    before = row(running)
    push(world, BODY_CHANGED)

    Process(world).killed("pull_and_apply", at=f"{CODE_CHANGE}.{point}", name="sale")
    after = Process(world)
    after.reconcile(at_start=False)

    assert (row(after).commit, row(after).applying) == (before.commit, None)
    assert row(after).state in {"failed", "stopped"}
    assert world.engine.containers[CONTAINER].status != "running"
    assert files(after) == FILES


def test_links_on_the_addons_path_are_those_of_before_after_a_failure(world, process):
    odd = {"odd-name/__manifest__.py": "{}"}
    url = world.git.repository("addons", {"main": {**FILES, **odd}})
    process.ok("create_environment", name="sale", repo_url=url, modules=["sale"])
    links = EnvironmentPlan.of(process.deps.naming, row(process)).links
    before = linked(links)
    world.git.repository("addons", {"main": {**FILES, **FIELD_ADDED, **odd, **module("fresh")}})
    world.odoo.broken.add("sale")

    process.refused("pull_and_apply", name="sale")

    assert before != {}
    assert linked(links) == before


def linked(folder: Path) -> dict[str, str]:
    """Return the links below a folder."""
    found = (each for each in folder.rglob("*") if each.is_symlink())
    return {str(each.relative_to(folder)): str(each.readlink()) for each in found}


@pytest.fixture
def running(world, process):
    return make(world, process)
