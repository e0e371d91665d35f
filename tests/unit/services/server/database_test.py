from ipaddress import IPv4Network

import pytest

from oduflow.adapters.postgres.config import HBA_NAME
from oduflow.domain.errors import UpstreamFailed
from tests.support.memory.containers import MemoryNetworks
from tests.support.memory.process import Process

ONE = IPv4Network("10.213.0.0/24")
TWO = IPv4Network("10.213.1.0/24")
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


def test_foreign_rules_are_put_right(server):
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


class PreparedCluster:
    """A prepared cluster whose container runs; `told` is what it is told after that."""

    def __init__(self, world):
        self.rules = world.naming.postgres_folder("1") / "conf" / HBA_NAME
        self.told = []
        self._world = world
        network = world.naming.team_network("1")
        MemoryNetworks(world.engine).ensure(
            network, bridge_name=network, subnet=ONE, icc=False, labels={}
        )
        self.start_process()

    def start_process(self):
        self.process = Process(self._world)

    def ensure(self, subnet):
        self.process.faults.calls.clear()
        if self.name in self._world.engine.containers:
            self._world.engine.containers[self.name].joined.clear()
        try:
            databases = self.process.deps.infrastructure.databases
            databases.servers["1"].ensure(subnet, lambda _line: None)
        finally:
            calls = self.process.faults.calls
            self.told += [call for call in calls if call in AT_FIRST]

    def stop(self):
        self._world.engine.containers[self.name].end(0)

    @property
    def name(self):
        return self._world.naming.database("1")


@pytest.fixture
def server(world):
    return PreparedCluster(world)
