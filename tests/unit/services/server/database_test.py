from ipaddress import IPv4Network

import pytest

from oduflow.adapters.postgres.config import HBA_NAME
from oduflow.domain.errors import Conflict, UpstreamFailed
from tests.support.memory.containers import MemoryNetworks
from tests.support.memory.process import Process
from tests.support.memory.world import MemoryWorld

NET = IPv4Network("10.213.9.0/24")
ONE = {"team-1": IPv4Network("10.213.0.0/24")}
TWO = ONE | {"team-2": IPv4Network("10.213.1.0/24")}
AT_FIRST = ["cluster.prepare", "cluster.reload"]


def test_postgres_reloads_no_rules_while_nothing_changes(server):
    server.ensure(ONE)
    assert server.told == AT_FIRST
    written = server.rules.stat().st_mtime_ns

    server.ensure(ONE)

    assert server.told == AT_FIRST
    assert server.rules.stat().st_mtime_ns == written


def test_postgres_reloads_the_rules_of_other_networks_at_once(server):
    server.ensure(ONE)
    server.ensure(TWO)

    assert server.told == AT_FIRST * 2
    assert "10.213.1.0/24" in server.rules.read_text()


def test_rules_that_somebody_else_wrote_are_put_right(server):
    server.ensure(ONE)
    server.rules.write_text("other")
    server.ensure(ONE)

    assert server.told == AT_FIRST * 2
    assert "10.213.0.0/24" in server.rules.read_text()


def test_a_server_that_was_started_is_prepared(server):
    server.ensure(ONE)
    server.stop()
    server.ensure(ONE)

    assert server.told == AT_FIRST * 2


def test_rules_that_were_written_but_never_read_are_read_later(server):
    server.ensure(ONE)
    server.process.faults.fail("cluster.prepare")
    with pytest.raises(UpstreamFailed):
        server.ensure(TWO)
    server.ensure(TWO)

    assert server.told == AT_FIRST * 2


def test_a_process_that_starts_has_the_rules_read(server):
    server.ensure(ONE)
    server.start_process()
    server.ensure(ONE)

    assert server.told == AT_FIRST * 2


def test_a_password_that_a_killed_run_left_is_removed(server):
    left = server.rules.parents[1] / "initdb-password"
    left.parent.mkdir(parents=True)
    left.write_text("secret")

    server.ensure(ONE)

    assert not left.exists()


def test_a_second_server_of_the_instance_is_told_whose_it_is_and_changes_nothing(
    server, world, tmp_path
):
    server.ensure(ONE)
    (tmp_path / "second").mkdir()
    second = MemoryWorld(tmp_path / "second")
    second.engine = world.engine
    before = dict(world.engine.networks)

    with pytest.raises(Conflict) as refused:
        Process(second).deps.infrastructure.ensure()

    told = f"instance memory is used by the server with data_dir {world.data_dir}."
    assert refused.value.message == told
    assert world.engine.networks == before
    second.close()


class Server:
    """A prepared cluster whose container runs; `told` is what it is told after that."""

    def __init__(self, world):
        self.rules = world.naming.postgres_folder() / "conf" / HBA_NAME
        self.told = []
        self._world = world
        networks = MemoryNetworks(world.engine)
        for name, subnet in {world.naming.network: NET, **TWO}.items():
            networks.ensure(name, bridge_name=name, subnet=subnet, icc=False, labels={})
        self.start_process()

    def start_process(self):
        self.process = Process(self._world)

    def ensure(self, networks):
        self.process.faults.calls.clear()
        try:
            self.process.deps.infrastructure.database.ensure(networks, lambda _line: None)
        finally:
            calls = self.process.faults.calls
            self.told += [call for call in calls if call in AT_FIRST]

    def stop(self):
        self._world.engine.containers[self._world.naming.database].end(0)


@pytest.fixture
def server(world):
    return Server(world)
