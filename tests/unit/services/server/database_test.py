from ipaddress import IPv4Network
from types import SimpleNamespace

import pytest

from oduflow.adapters.pool.pools import Pools
from oduflow.adapters.postgres.config import HBA_NAME
from oduflow.domain.errors import UpstreamFailed
from oduflow.services.server import database as database_module
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


@pytest.mark.parametrize("left", ["the mark", "the image"])
def test_below_a_file_system_that_is_not_mounted_no_database_is_called_gone(server, left):
    server.ensure(ONE)
    server.stop()
    pools = server.process.deps.infrastructure.pools
    pools.begin()
    image = pools.of("1").image
    (image.mark if left == "the mark" else image.file.touch)()
    database = server.process.deps.infrastructure.databases.servers["1"]
    server.process.deps.engine.volumes.absent.add(database.volume)

    for look in (lambda: database.examine(needed=False), lambda: server.ensure(ONE)):
        with pytest.raises(UpstreamFailed, match="The pool's image is") as refused:
            look()
        assert "destroy" not in refused.value.hint
    with pytest.raises(UpstreamFailed):
        database.remove()
    assert server.process.deps.engine.volumes.facts(database.volume) is not None


@pytest.mark.parametrize(("fits", "ended"), [(1, False), (0, True)])
def test_the_teams_disk_grows_before_a_container_is_ended(server, monkeypatch, fits, ended):
    server.ensure(ONE)
    database = server.process.deps.infrastructure.databases.servers["1"]
    asked, killed = [], []

    def make(needed):
        asked.append(needed)
        return fits

    space = SimpleNamespace(make=make)
    pool = SimpleNamespace(own=True, holds=lambda _folder: True, space=space)
    monkeypatch.setattr(Pools, "of", lambda _pools, _team: pool)
    monkeypatch.setattr(database_module, "free_temporary", lambda *_args: killed.append("files"))

    database._make_room()

    assert asked == [database.reserve]
    assert bool(killed) is ended


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
