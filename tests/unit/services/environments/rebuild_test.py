import pytest

from tests.support.memory.process import Process

CONTAINER = "memory-env-1.sale"


def test_rebuilding_makes_the_container_anew_and_keeps_the_data(world, running):
    before, old = world.everything(), world.engine.containers[CONTAINER].id
    data = dict(world.postgres.databases)

    assert running.ok("rebuild_environment", name="sale").state == "running"

    assert world.engine.containers[CONTAINER].id != old
    assert (world.everything(), world.postgres.databases) == (before, data)


def test_a_rebuild_whose_step_fails_keeps_the_data_and_can_be_repeated(world, running):
    data = dict(world.postgres.databases)
    wrong = {}
    for point in steps(running):
        running.faults.fail(point)
        error = running.refused("rebuild_environment", name="sale")
        now = row(running)
        told = (error.message, now.state, now.step, now.error.message)
        if told != (f"It broke at {point}.", "failed", "", f"It broke at {point}."):
            wrong[point] = told

    assert wrong == {}
    assert running.ok("rebuild_environment", name="sale").state == "running"
    assert world.postgres.databases == data


def test_a_rebuild_that_is_killed_anywhere_is_finished_at_the_next_start(world, running):
    before, data = world.everything(), dict(world.postgres.databases)
    wrong = {}
    for point in steps(running):
        Process(world).killed("rebuild_environment", at=point, name="sale")
        after = Process(world)
        after.reconcile()
        found = row(after)
        if (found.state, found.step, found.error) != ("running", "", None):
            wrong[point] = found
        assert after.ok("get_environment", name="sale").state == "running"
        assert (world.everything(), world.postgres.databases) == (before, data)

    assert wrong == {}


def test_a_module_that_breaks_at_a_rebuild_is_told(world, running):
    world.odoo.page_status = 500

    error = running.refused("rebuild_environment", name="sale")

    assert error.message == "/web/login answers HTTP 500."
    assert row(running).state == "failed"


def test_a_rebuild_moves_extra_repos_only_when_asked(world, process, full):
    process.ok("create_environment", **full)
    first = row(process).extra_repos[0].commit
    world.git.repository("web", {"19.0": {"web_grid/__manifest__.py": "{'name': 'y'}"}})
    process.ok("update_extra_repo", name="web")

    process.ok("rebuild_environment", name="sale")
    assert row(process).extra_repos[0].commit == first

    process.ok("rebuild_environment", name="sale", update_extra_repos=True)
    assert row(process).extra_repos[0].commit == world.git.commit("web", "19.0") != first


def steps(process):
    points = process.passed("rebuild_environment", name="sale")
    return [point for point in points if point.startswith("rebuild.")]


def row(process):
    [found] = process.deps.store.environments.list("1")
    return found


@pytest.fixture
def running(process, sale):
    process.ok("create_environment", **sale)
    return process
