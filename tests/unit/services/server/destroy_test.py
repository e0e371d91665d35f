import pytest

from oduflow.domain.errors import UpstreamFailed
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

    list(process.destroy())

    assert set(world.engine.volumes) == {"other"}
    assert [path.name for path in world.data_dir.iterdir()] == ["kept"]


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
    process.faults.fail("volumes.remove")
    with pytest.raises(UpstreamFailed):
        list(process.destroy())

    list(Process(world).destroy())

    assert world.engine.containers == world.engine.networks == world.engine.volumes == {}
