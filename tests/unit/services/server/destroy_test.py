import pytest

from oduflow.domain.errors import Busy, Conflict, UpstreamFailed
from oduflow.domain.plan import Naming
from oduflow.kernel.locks import LockKey
from oduflow.services.server.destroy import (
    refuse_other_owner,
    refuse_while_working,
    remove_data_dir,
)
from tests.support.memory.process import Process


def test_destroying_leaves_nothing_of_an_instance(world, process, full):
    process.ok("create_environment", **full)

    told = list(process.destroy())

    assert world.engine.containers == world.engine.networks == world.engine.volumes == {}
    assert world.firewall.rules == {}
    assert [path.name for path in world.data_dir.iterdir()] == []
    assert "removed container memory-env-1.sale" in told
    assert "removed firewall rules" in told


def test_what_is_not_of_the_instance_stays(world, process):
    process.deps.engine.volumes.ensure("other", labels={"other.kind": "environment"})
    (world.data_dir / "kept").mkdir()

    told = list(process.destroy())

    assert set(world.engine.volumes) == {"other"}
    assert [path.name for path in world.data_dir.iterdir()] == ["kept"]
    assert told[-1] == f"kept {world.data_dir}/kept: this version of Oduflow does not make it"
    assert list(remove_data_dir(world.naming)) == []
    (world.data_dir / "kept").rmdir()
    assert list(remove_data_dir(world.naming)) == [f"removed folder {world.data_dir}"]


def test_a_folder_in_place_of_a_file_of_the_store_stays_and_is_named(world, process):
    (world.data_dir / "reserve").unlink(missing_ok=True)
    (world.data_dir / "reserve").mkdir()

    told = list(process.destroy())

    assert [path.name for path in world.data_dir.iterdir()] == ["reserve"]
    assert told[-1] == f"kept {world.data_dir}/reserve: this version of Oduflow does not make it"


@pytest.mark.parametrize("kept", ["containers", "networks", "volumes"])
def test_another_servers_objects_of_the_same_instance_name_stay(world, process, full, kept):
    process.ok("create_environment", **full)
    refuse_other_owner(*owned(process))
    for kind in {"containers", "networks", "volumes"} - {kept}:
        getattr(world.engine, kind).clear()
    elsewhere = Naming("memory", world.data_dir / "second")

    with pytest.raises(Conflict, match=f"belongs to the server with data_dir {world.data_dir}"):
        refuse_other_owner(elsewhere, *owned(process)[1:])


def test_a_call_that_runs_keeps_everything_and_is_named(process):
    locks = process.deps.work.locks
    keys = (LockKey.job("a"), LockKey.environment("1", "sale"))
    held = [locks.acquire(key, "create_environment by ada") for key in keys]

    with pytest.raises(Busy, match=r"running: create_environment by ada\."):
        refuse_while_working(locks)

    for lock in held:
        lock.release()
    refuse_while_working(locks)


def test_rules_that_stay_are_told_after_everything_else_is_removed(world, process):
    world.firewall.broken = "iptables is not installed"

    with pytest.raises(UpstreamFailed, match="iptables is not installed"):
        list(process.destroy())

    assert world.engine.containers == world.engine.volumes == {}
    world.firewall.broken = ""
    list(Process(world).destroy())
    assert world.firewall.rules == {}


def test_destroying_goes_on_where_it_failed(world, process, sale):
    process.ok("create_environment", **sale)
    process.faults.fail("volumes.release")
    with pytest.raises(UpstreamFailed):
        list(process.destroy())

    list(Process(world).destroy())

    assert world.engine.containers == world.engine.networks == world.engine.volumes == {}


def owned(process):
    deps = process.deps
    return deps.naming, deps.engine, deps.infrastructure.networks
