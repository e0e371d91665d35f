import pytest

from tests.support.memory.process import Process

STEPS = ("once", "container", "database", "volume", "folder", "extra", "row")
POINTS = [f"delete.{step}.{when}" for step in STEPS for when in ("before", "after")]


def test_a_deletion_leaves_nothing(world, process, full):
    before = world.everything()
    process.ok("create_environment", **full)
    assert packages(world) != []

    process.ok("delete_environment", name="sale")

    assert world.everything() == before
    assert process.deps.store.environments.list("1") == ()
    assert packages(world) == []


def test_python_packages_that_another_environment_uses_stay(world, process, full):
    process.ok("create_environment", **full)
    process.ok("create_environment", **{**full, "name": "other"})
    shared = packages(world)

    process.ok("delete_environment", name="sale")

    assert packages(world) == shared != []
    assert len(world.odoo.pip_runs) == 1


@pytest.mark.thorough
def test_a_deletion_whose_step_fails_is_finished_later(world, process, full):
    before = world.everything()
    left = {}
    for point in POINTS[:-1]:  # after the last step the row is gone
        process.ok("create_environment", **full)
        process.faults.fail(point)
        error = process.refused("delete_environment", name="sale")
        assert error.message == f"It broke at {point}."
        assert [row.state for row in process.deps.store.environments.list("1")] == ["deleting"]
        process.reconcile(at_start=False)
        if world.everything() != before or process.deps.store.environments.list("1"):
            left[point] = world.everything()

    assert left == {}


@pytest.mark.thorough
def test_a_deletion_that_is_killed_anywhere_is_finished_at_the_next_start(world, process, full):
    before = world.everything()
    left = {}
    for point in POINTS:
        Process(world).ok("create_environment", **full)
        Process(world).killed("delete_environment", at=point, name="sale")
        after = Process(world)
        after.reconcile()
        if world.everything() != before or after.deps.store.environments.list("1"):
            left[point] = world.everything()

    assert left == {}


def packages(world):
    return sorted(path.name for path in world.data_dir.glob("team_1/python/*"))
