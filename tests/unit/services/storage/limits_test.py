"""What is said of a team's disk, and the threads that let it grow."""

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from oduflow.adapters.pool.image import PoolImage
from oduflow.adapters.pool.images import TeamImages
from oduflow.adapters.pool.limits import TeamLimits
from oduflow.domain.container import ContainerSpec
from oduflow.services import team_disk
from oduflow.services.storage import limits
from oduflow.services.storage.limits import disk_text, keep_pools
from oduflow.services.team_disk import is_limited

GIB = 1 << 30


class Growing:
    """The pools of two teams, of which red's hangs while it grows."""

    def __init__(self) -> None:
        self.images = SimpleNamespace(made=lambda: ("blue", "red"))
        self.release, self.kept = threading.Event(), threading.Event()

    def keep(self, team: str) -> None:
        if team == "red":
            self.release.wait(20)
        else:
            self.kept.set()


def test_a_team_whose_disk_is_slow_to_grow_holds_up_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "LOOK_SECONDS", 0.01)
    pools: Any = Growing()
    stop = threading.Event()
    thread = threading.Thread(target=keep_pools, args=(pools, stop))
    thread.start()
    try:
        for _ in range(3):
            assert pools.kept.wait(10)
            pools.kept.clear()
    finally:
        stop.set()
        pools.release.set()
        thread.join(10)
    assert not thread.is_alive()


@pytest.mark.parametrize(("disk_gb", "kept"), [(4, True), (2, False)])
def test_a_limit_below_the_size_of_the_file_system_is_not_said_to_be_kept(
    process: Any, monkeypatch: pytest.MonkeyPatch, disk_gb: int, kept: object
) -> None:
    infrastructure = process.deps.infrastructure
    infrastructure.pools.begin()
    monkeypatch.setattr(PoolImage, "size", 3 * GIB)
    monkeypatch.setattr(TeamLimits, "of", lambda _limits, _team: disk_gb * GIB)
    monkeypatch.setattr(TeamImages, "made", lambda _images: ("1",))
    for module in (team_disk, limits):
        monkeypatch.setattr(module, "has_own_disk", lambda _infrastructure, _team: True)
    monkeypatch.setattr(limits, "filled_by", lambda *_args: GIB)

    assert is_limited(infrastructure, "1") is kept
    more = "" if kept else " (its file system has 3.0 GiB and does not shrink)"
    assert disk_text(process.deps, "1") == f"1.0 GiB of {disk_gb}.0 GiB{more}"


@pytest.mark.parametrize("kind", ["environment", "database"])
def test_a_container_of_an_earlier_version_writes_beyond_the_limit_until_it_is_made_again(
    process: Any, sale: Any, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    process.ok("create_environment", **sale)
    infrastructure = process.deps.infrastructure
    monkeypatch.setattr(TeamLimits, "of", lambda _limits, _team: GIB)
    for module in (team_disk, limits):
        monkeypatch.setattr(module, "has_own_disk", lambda _infrastructure, _team: True)
    monkeypatch.setattr(limits, "filled_by", lambda *_args: GIB)
    assert is_limited(infrastructure, "1")
    assert disk_text(process.deps, "1") == "1.0 GiB of 1.0 GiB"
    labels = process.deps.naming.labels(kind, team="1", made="1", sizes="512 100 1.0 5")
    spec = ContainerSpec("memory-earlier", "odoo:19.0", labels, entrypoint=("/nonexistent",))

    process.deps.engine.containers.create(spec)
    assert is_limited(infrastructure, "1")  # it is made again when it starts
    process.world.engine.containers["memory-earlier"].status = "running"

    assert not is_limited(infrastructure, "1")
    assert team_disk.earlier_containers(infrastructure, "1") == ("memory-earlier",)
    said = "1.0 GiB of 1.0 GiB (1 container of an earlier version may exceed it, until stopped "
    assert disk_text(process.deps, "1") == f"{said}and started)"
