import pytest

from oduflow.adapters.filestore import layers
from oduflow.domain.errors import Kind, UpstreamFailed
from oduflow.domain.filestore import FilestoreKind
from oduflow.domain.plan import EnvironmentPlan
from oduflow.services import filestore
from oduflow.services.filestore import layers_of
from tests.support.memory.process import Process

CONTAINER = "memory-env-1.sale"


def test_rebuilding_makes_the_container_anew_and_keeps_the_data(world, running):
    before, old = everything(world), world.engine.containers[CONTAINER].id
    data = databases(world)

    assert running.ok("rebuild_environment", name="sale").state == "running"

    assert world.engine.containers[CONTAINER].id != old
    assert (everything(world), databases(world)) == (before, data)


@pytest.mark.thorough
def test_a_rebuild_whose_step_fails_keeps_the_data_and_can_be_repeated(world, running):
    data = databases(world)
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
    assert databases(world) == data


@pytest.mark.thorough
def test_a_rebuild_that_is_killed_anywhere_is_finished_at_the_next_start(world, running):
    before, data = everything(world), databases(world)
    wrong = {}
    for point in steps(running):
        Process(world).killed("rebuild_environment", at=point, name="sale")
        after = Process(world)
        after.reconcile()
        found = row(after)
        if (found.state, found.step, found.error) != ("running", "", None):
            wrong[point] = found
        assert after.ok("get_environment", name="sale").state == "running"
        assert (everything(world), databases(world)) == (before, data)

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


def test_an_old_filestore_that_would_not_fit_in_layers_is_refused_and_odoo_serves_on(
    world, running, old_files, monkeypatch
):
    make_huge(monkeypatch)

    error = running.refused("rebuild_environment", name="sale")

    assert error.kind is Kind.QUOTA
    assert error.message.startswith("A copy of the files of sale needs ")
    assert (row(running).state, row(running).step) == ("running", "")
    assert world.engine.containers[CONTAINER].status == "running"


def test_an_old_filestore_whose_copy_fails_is_kept_and_the_rebuild_is_not_repeated(
    world, running, old_files, monkeypatch
):
    def full(_root):
        raise UpstreamFailed("The disk is full.")

    monkeypatch.setattr(layers, "synchronise", full)

    error = running.refused("rebuild_environment", name="sale")

    found = row(running)
    assert (found.state, found.step, found.error.message) == ("failed", "", error.message)
    assert layers_of(running.deps.engine.volumes, plan_of(running)).generations() == ()
    assert (old_files / "written").read_text() == "old"
    monkeypatch.undo()
    assert running.ok("rebuild_environment", name="sale").state == "running"
    upper = layers_of(running.deps.engine.volumes, plan_of(running)).upper
    assert (upper / "written").read_text() == "old"


def test_a_rebuild_that_was_cut_off_and_no_longer_fits_is_not_repeated(
    world, running, old_files, monkeypatch
):
    Process(world).killed("rebuild_environment", at="rebuild.extra.before", name="sale")
    give_up_layers(running)
    make_huge(monkeypatch)
    after = Process(world)

    after.reconcile()

    assert (row(after).state, row(after).step, row(after).error.kind) == ("failed", "", Kind.QUOTA)


def make_huge(monkeypatch):
    """Make every folder larger than the disk."""
    for name in ("size_of_copy", "size_on_disk"):
        monkeypatch.setattr(filestore, name, lambda _folder: 1 << 60)


def plan_of(process):
    return EnvironmentPlan.of(process.deps.naming, row(process))


def give_up_layers(process):
    """Make the environment one of an older version, which had no layers; return its files."""
    plan, deps = plan_of(process), process.deps
    process.world.engine.containers.pop(plan.container, None)
    for volume in (plan.filestore, plan.layers):
        deps.engine.volumes.remove(volume)
    deps.store.environments.update(row(process).id, filestore=FilestoreKind.VOLUME)
    inner = deps.engine.volumes.mountpoint(plan.volume) / "filestore" / plan.database
    inner.mkdir(parents=True, exist_ok=True)
    (inner / "written").write_text("old")
    return inner


def databases(world):
    """Return the databases but the snapshots, which each rebuild with modules takes."""
    found = world.postgres.databases
    return {name: each for name, each in found.items() if not name.startswith("snap_")}


def everything(world):
    return world.everything() | {"databases": set(databases(world))}


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


@pytest.fixture
def old_files(world, running):
    container = world.engine.containers[CONTAINER]
    inner = give_up_layers(running)
    world.engine.containers[CONTAINER] = container
    return inner
