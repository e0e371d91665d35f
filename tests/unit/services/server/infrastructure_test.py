import threading
from typing import Any

import pytest

from oduflow.adapters.pool import making
from oduflow.adapters.pool.pools import Pools
from oduflow.domain.errors import Busy
from oduflow.kernel.locks import LockKey
from oduflow.services.server import infrastructure as infrastructure_module
from oduflow.services.server.infrastructure import Infrastructure
from tests.support.memory.process import Process
from tests.support.memory.world import BLUE, RED


class GrowingPool:
    """A pool whose disk is slow until the test lets it go on."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool
        self.begun, self.go_on = threading.Event(), threading.Event()

    def attach_shared(self) -> None:
        self.begun.set()
        assert self.go_on.wait(10)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)


@pytest.mark.parametrize("work", [Infrastructure.ensure, Infrastructure.set_up_pools])
def test_the_firewall_does_not_wait_for_a_disk_that_the_pool_grows_on(process, work, monkeypatch):
    monkeypatch.setattr(making, "set_up", lambda pools: pools.attach_shared())
    infrastructure = process.deps.infrastructure
    infrastructure.ensure()
    pool = infrastructure.pools = GrowingPool(infrastructure.pools)
    thread = threading.Thread(target=work, args=(infrastructure,))
    thread.start()
    try:
        assert pool.begun.wait(10)
        infrastructure.isolation = None

        infrastructure.keep_firewall()

        assert infrastructure.isolation is not None
    finally:
        pool.go_on.set()
        thread.join(10)


def test_a_file_system_that_is_slow_to_mount_delays_its_own_team_only(world, monkeypatch, caplog):
    monkeypatch.setattr(infrastructure_module, "ATTACH_SECONDS", 0.2)
    go_on = threading.Event()
    mounted: list[str] = []

    def mount(_pools: Pools, team: str) -> None:
        assert team != "1" or go_on.wait(30)
        mounted.append(team)

    monkeypatch.setattr(Pools, "add", mount)
    infrastructure = Process(world, teams=BLUE + RED).deps.infrastructure
    infrastructure.pools.begin()
    try:
        for _ in range(2):
            infrastructure.ensure()
            finish("attach-2")

        assert mounted == ["2", "2"]
        assert "the file system of team 1 is not ready yet" in caplog.messages
        names = [thread.name for thread in threading.enumerate()]
        assert names.count("attach-1") == 1  # no round begins another one
        infrastructure.add_teams("3")
        assert mounted[2:] == ["3"]
    finally:
        go_on.set()
    finish("attach-1")
    infrastructure.ensure()
    finish("attach-1")
    assert mounted.count("1") == 2


def test_a_slow_pool_of_an_earlier_version_delays_no_team(world, monkeypatch, caplog):
    monkeypatch.setattr(infrastructure_module, "ATTACH_SECONDS", 0.2)
    go_on, mounted = threading.Event(), []
    monkeypatch.setattr(Pools, "attach_shared", lambda _pools: go_on.wait(30))
    monkeypatch.setattr(Pools, "add", lambda _pools, team: mounted.append(team))
    infrastructure = Process(world, teams=BLUE).deps.infrastructure
    infrastructure.pools.begin()
    try:
        infrastructure.ensure()
        finish("attach-1")

        assert mounted == ["1"]
        assert "the file system of all teams is not ready yet" in caplog.messages
        assert infrastructure.disk.reserve.exists()
    finally:
        go_on.set()


def finish(name: str) -> None:
    for thread in threading.enumerate():
        if thread.name == name:
            thread.join(10)


def test_setting_up_waits_for_a_file_system_that_is_being_mounted(process, monkeypatch):
    monkeypatch.setattr(infrastructure_module, "LOCK_WAIT_SECONDS", 0.1)
    infrastructure = process.deps.infrastructure
    called: list[Pools] = []
    monkeypatch.setattr(making, "set_up", called.append)

    with infrastructure.locks.acquire(LockKey.pool("1"), "start"), pytest.raises(Busy):
        infrastructure.set_up_pools()

    assert called == []
