import pytest

from oduflow.domain.errors import Failure
from oduflow.domain.snapshot import SnapshotState
from oduflow.kernel.call import Call
from tests.support.memory.process import Process
from tests.support.memory.world import TEAM


def test_a_rollback_takes_every_part_back_and_can_be_undone(held, process):
    process.ok("create_snapshot", name="sale", snapshot="clean")
    held.write("second")

    done = process.call("rollback_environment", name="sale", snapshot="clean")

    assert done.error is None
    assert held.read() == {"first"}
    assert (held.status, held.row.state, held.row.step) == ("running", "running", "")
    [undo] = [step for step in done.next if step.operation == "rollback_environment"]
    assert undo.arguments == {"name": "sale", "snapshot": done.snapshot}
    assert done.snapshot in held.snapshots()

    process.ok(undo.operation, **undo.arguments)

    assert held.read() == {"second"}


def test_the_place_of_its_copies_is_free_when_it_waits_for_a_boot_slot(held, process, monkeypatch):
    process.ok("create_snapshot", name="sale")
    places, found, boot_slot = process.deps.work.clone_places, [], Call.boot_slot

    def look(call, *about):
        taken = [places.take(TEAM) for _ in range(2)]
        found.append(taken)
        for _ in filter(None, taken):
            places.give_back(TEAM)
        return boot_slot(call, *about)

    monkeypatch.setattr(Call, "boot_slot", look)
    process.ok("rollback_environment", name="sale")

    assert found[0] == [True, True]


def test_without_a_name_it_goes_to_the_newest(held, process):
    process.ok("create_snapshot", name="sale", snapshot="old")
    held.write("second")
    process.ok("create_snapshot", name="sale", snapshot="new")
    held.write("third")

    process.ok("rollback_environment", name="sale")

    assert held.read() == {"second"}


def test_a_snapshot_can_be_gone_back_to_again_and_again(held, process):
    process.ok("create_snapshot", name="sale", snapshot="clean")
    for text in ("second", "third"):
        held.write(text)
        process.ok("rollback_environment", name="sale", snapshot="clean")
        assert held.read() == {"first"}


def test_without_a_snapshot_it_says_so(held, process):
    error = process.refused("rollback_environment", name="sale")
    assert error.message == "sale has no snapshots."

    process.ok("create_snapshot", name="sale", snapshot="clean")
    error = process.refused("rollback_environment", name="sale", snapshot="other")
    assert error.message == "sale has no snapshot “other”."


def test_a_stopped_environment_is_rolled_back_and_stays_stopped(held, process):
    process.ok("create_snapshot", name="sale", snapshot="clean")
    held.write("second")
    process.ok("stop_environment", name="sale")

    process.ok("rollback_environment", name="sale", snapshot="clean")

    assert (held.status, held.row.state, held.read()) == ("exited", "stopped", {"first"})
    assert process.ok("start_environment", name="sale").state == "running"


def test_a_failed_environment_serves_again_after_a_rollback(world, held, process):
    process.ok("create_snapshot", name="sale", snapshot="clean")
    world.odoo.page_status = 500
    process.refused("restart_environment", name="sale")
    assert held.row.state == "failed"
    world.odoo.page_status = 200

    assert process.ok("rollback_environment", name="sale").state == "running"


def test_an_odoo_that_does_not_serve_the_snapshot_is_told_with_the_way_back(world, held, process):
    process.ok("create_snapshot", name="sale", snapshot="clean")
    held.write("second")
    world.odoo.page_status = 500

    error = process.refused("rollback_environment", name="sale")

    world.odoo.page_status = 200
    assert held.read() == {"first"}
    assert held.row.state == "failed"
    [undo] = [step for step in error.next if step.operation == "rollback_environment"]
    process.ok(undo.operation, **undo.arguments)
    assert held.read() == {"second"}


def test_the_extra_repos_of_the_snapshot_come_back(world, process, full):
    process.ok("create_environment", **full)
    first = process.deps.store.environments.get("1", "sale").extra_repos
    process.ok("create_snapshot", name="sale", snapshot="clean")
    world.git.repository("web", {"19.0": {"web_grid/__manifest__.py": "{'name': 'y'}"}})
    process.ok("update_extra_repo", name="web")
    process.ok("rebuild_environment", name="sale", update_extra_repos=True)
    assert process.deps.store.environments.get("1", "sale").extra_repos != first

    process.ok("rollback_environment", name="sale", snapshot="clean")

    assert process.deps.store.environments.get("1", "sale").extra_repos == first
    mounts = world.engine.containers["memory-env-1.sale"].spec.mounts
    assert any(first[0].commit in mount.source for mount in mounts)


@pytest.mark.parametrize("part", ["database", "filestore"])
def test_a_rollback_that_cannot_be_proven_is_a_failure_and_can_be_undone(
    world, held, process, part
):
    process.ok("create_snapshot", name="sale", snapshot="clean")
    held.write("second")
    process.faults.meanwhile["rollback.switch.after"] = lambda: held.spoil(part)

    error = process.refused("rollback_environment", name="sale", snapshot="clean")

    assert f"but its {part} cannot be proven to be the snapshot's" in error.message
    assert (held.status, held.row.state, held.row.step) == ("exited", "failed", "")
    assert held.row.error.message == error.message
    [undo] = error.next
    process.ok(undo.operation, **undo.arguments)
    assert (held.read(), held.row.state) == ({"second"}, "running")


def test_a_checkout_that_someone_writes_to_meanwhile_is_brought_back_once_more(held, process):
    process.ok("create_snapshot", name="sale", snapshot="clean")
    held.write("second")
    process.faults.meanwhile["rollback.switch.after"] = lambda: held.spoil("checkout")

    process.ok("rollback_environment", name="sale", snapshot="clean")

    assert (held.read(), held.row.state) == ({"first"}, "running")


def test_a_read_in_the_middle_does_not_hinder_a_rollback(held, process):
    process.ok("create_snapshot", name="sale", snapshot="clean")
    held.write("second")
    refused = []

    def read() -> None:
        with pytest.raises(Failure) as told:
            process.call("query_database", name="sale", sql="SELECT 1")
        refused.append(told.value)

    process.faults.meanwhile["rollback.switch.after"] = read

    process.ok("rollback_environment", name="sale", snapshot="clean")

    assert (held.read(), held.row.state, len(refused)) == ({"first"}, "running", 1)


def test_what_could_not_be_proven_does_not_serve_until_it_is_rolled_back(world, held, process):
    process.ok("create_snapshot", name="sale", snapshot="clean")
    process.faults.meanwhile["rollback.switch.after"] = lambda: held.spoil("filestore")
    process.refused("rollback_environment", name="sale", snapshot="clean")

    process.refused("start_environment", name="sale")
    assert held.row.state == "failed"
    for copied in (
        process.refused("copy_environment", name="sale", new_name="copy"),
        process.refused("create_snapshot", name="sale", snapshot="broken"),
    ):
        assert copied.message.startswith("Not every part")
    assert process.deps.store.environments.get("1", "copy") is None

    process.ok("rollback_environment", name="sale", snapshot="clean")
    assert (held.read(), held.row.state) == ({"first"}, "running")


def test_one_that_is_killed_while_it_is_given_up_does_not_fail_the_next_call(held, process):
    process.ok("create_snapshot", name="sale", snapshot="clean")
    process.faults.meanwhile["rollback.switch.after"] = lambda: held.spoil("filestore")
    process.refused("rollback_environment", name="sale", snapshot="clean")
    snapshots = process.deps.store.snapshots
    [before] = [row for row in snapshots.of(held.row.id) if row.target]
    snapshots.update(before.id, state=SnapshotState.REPLACING)  # the last write was not made

    process.ok("rollback_environment", name="sale", snapshot="clean")

    assert snapshots.by_id(before.id).state is SnapshotState.READY
    assert (held.read(), held.row.state) == ({"first"}, "running")


@pytest.mark.parametrize("part", ["database", "filestore"])
def test_a_rollback_that_was_killed_is_proven_before_odoo_starts(world, held, process, part):
    process.ok("create_snapshot", name="sale", snapshot="clean")
    held.write("second")
    Process(world).killed(
        "rollback_environment", at="rollback.switch.after", name="sale", snapshot="clean"
    )
    held.spoil(part)
    after = Process(world)

    after.reconcile()

    assert part in held.row.error.message
    assert (held.status, held.row.state) == ("exited", "failed")
    assert len(held.snapshots(after)) == 2


@pytest.mark.thorough
def test_a_step_that_fails_before_the_exchange_changes_nothing_and_after_it_finishes(
    world, held, process
):
    points, wrong = steps(held, process), {}
    decided = points.index("rollback.exchange.after")
    for position, point in enumerate(points):
        held.write("second")
        before = world.everything()
        process.faults.fail(point)
        answer = process.call("rollback_environment", name="sale", snapshot="clean")
        forward = position >= decided
        told = (held.read(), held.status, held.row.step, answer.error is None)
        wanted = ({"first"} if forward else {"second"}, "running", "", forward)
        if told != wanted or (not forward and world.everything() != before):
            wrong[point] = told

    assert wrong == {}


@pytest.mark.thorough
def test_one_that_is_killed_anywhere_is_finished_or_undone_and_serves(world, held, process):
    points, wrong = steps(held, process), {}
    decided = points.index("rollback.exchange.after")
    for position, point in enumerate(points):
        held.write("second")
        before = held.snapshots()
        Process(world).killed("rollback_environment", at=point, name="sale", snapshot="clean")
        after = Process(world)
        after.reconcile()
        forward = position >= decided
        told = (held.read(), held.status, held.row.step, held.row.state)
        wanted = ({"first"} if forward else {"second"}, "running", "", "running")
        if told != wanted or (held.snapshots(after) == before) is forward:
            wrong[point] = (told, held.snapshots(after))
        assert after.doctor().leftovers() == ()

    assert wrong == {}


def test_while_one_is_cut_off_nothing_else_is_done_to_the_environment(world, held, process):
    process.ok("create_snapshot", name="sale", snapshot="clean")
    Process(world).killed(
        "rollback_environment", at="rollback.switch.before", name="sale", snapshot="clean"
    )
    after = Process(world)

    for operation in ("start_environment", "rebuild_environment", "create_snapshot"):
        assert after.refused(operation, name="sale").kind == "busy"
    after.ok("delete_environment", name="sale")
    assert after.doctor().leftovers() == ()


def steps(held, process):
    process.ok("create_snapshot", name="sale", snapshot="clean")
    points = process.passed("rollback_environment", name="sale", snapshot="clean")
    return [point for point in points if point.startswith("rollback.")]
