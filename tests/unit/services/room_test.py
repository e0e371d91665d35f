import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from oduflow.adapters.pool.space import PoolSpace
from oduflow.domain.container import VolumeFacts
from oduflow.domain.errors import Kind, QuotaReached
from oduflow.services import filestore
from oduflow.services.room import (
    CLONE_BYTES,
    GROW_BEFORE,
    require_claimed_room,
    require_room,
    room_left,
)
from tests.support.memory.volumes import MemoryVolumes
from tests.support.memory.world import TEAM

GIB = 1 << 30


def test_work_that_fits_is_not_refused(process, monkeypatch):
    give_space(monkeypatch, 4 * GIB)
    require_room(process.deps, TEAM, "An import", database=GIB, filestore=GIB, staging=GIB)


def test_a_refusal_says_what_is_needed_and_what_is_free(process, monkeypatch):
    give_space(monkeypatch, 4 * GIB)
    with pytest.raises(QuotaReached) as refused:
        require_room(process.deps, TEAM, "Importing a.zip", database=5 * GIB)
    assert refused.value.message == (
        "Importing a.zip needs 5.0 GiB, and 4.0 GiB are free on the disk of Docker's volumes."
    )
    assert "free disk space" in refused.value.hint


def test_what_lies_on_one_disk_is_added_up(process, monkeypatch):
    give_space(monkeypatch, 4 * GIB)
    with pytest.raises(QuotaReached, match=r"needs 4\.5 GiB, .* on the data folder's disk"):
        require_room(process.deps, TEAM, "An import", database=3 * GIB, staging=3 * GIB // 2)


def test_an_environment_that_would_not_fit_is_refused_before_anything_is_made(
    process, world, sale, monkeypatch
):
    before = world.everything()
    give_space(monkeypatch, CLONE_BYTES - 1)

    refused = process.refused("create_environment", **sale)

    assert refused.kind is Kind.QUOTA
    assert refused.message.startswith("An environment of template base needs 40 MiB, and 31 MiB")
    assert world.everything() == before


def test_a_template_whose_files_are_copied_is_not_cloned_where_they_would_not_fit(
    process, world, sale, monkeypatch
):
    [row] = process.deps.store.templates.list(TEAM)
    volume = process.deps.engine.volumes.mountpoint(template_volume(process))
    (volume / "filestore" / f"tpl_{row.id}").mkdir(parents=True, exist_ok=True)
    before = world.everything()
    give_space(monkeypatch, 4 * GIB)
    monkeypatch.setattr(filestore, "bytes_of_copy", lambda _deps, _team, _folder: 5 * GIB)

    refused = process.refused("create_environment", **sale)

    assert refused.kind is Kind.QUOTA
    assert refused.message.startswith("A copy of the files of template base needs 5.0 GiB, and 4.0")
    assert world.everything() == before
    world.overlay_refusal = ""
    process.ok("create_environment", **sale)


@pytest.fixture
def mixed(process, tmp_path, monkeypatch):
    """A full pool beside a disk with 4 GiB: say where the cluster is, and whether new ones join."""
    pool, volumes = process.deps.infrastructure.pools.of(TEAM), process.deps.engine.volumes

    def place(*, cluster_in_pool, takes_new):
        def usage(folder):
            free = GIB if pool.holds(Path(folder)) else 4 * GIB
            return SimpleNamespace(total=200 * GIB, free=free)

        monkeypatch.setattr(shutil, "disk_usage", usage)
        monkeypatch.setattr(PoolSpace, "make", lambda _space, _wanted: GIB)
        monkeypatch.setattr(type(pool), "takes_new", takes_new)
        folder = pool.path("cluster") if cluster_in_pool else tmp_path
        facts = VolumeFacts("cluster", {}, folder, kept_by_engine=not cluster_in_pool)
        name = process.deps.naming.database_volume(TEAM)
        found = MemoryVolumes.facts
        monkeypatch.setattr(
            MemoryVolumes,
            "facts",
            lambda self, asked: facts if asked == name else found(self, asked),
        )
        return pool.path("layers"), volumes.mountpoint(template_volume(process))

    return place


@pytest.mark.parametrize("takes_new", [True, False])
@pytest.mark.parametrize("cluster_in_pool", [True, False])
def test_bytes_count_where_they_are_written_and_not_where_new_volumes_are_made(
    process, mixed, cluster_in_pool, takes_new
):
    pooled, outside = mixed(cluster_in_pool=cluster_in_pool, takes_new=takes_new)

    def refusal(**wanted):
        try:
            require_room(process.deps, TEAM, "It", **wanted)
        except QuotaReached as refused:
            return refused.message.rpartition(" free ")[2]
        return "fits"

    disk, full = "on the disk of Docker's volumes.", "in the pool."
    two, five = 2 * GIB, 5 * GIB
    assert refusal(database=two) == (full if cluster_in_pool else "fits")
    assert refusal(database=five) == (full if cluster_in_pool else disk)
    assert refusal(filestore=two) == (full if takes_new else "fits")
    assert refusal(filestore=five) == (full if takes_new else disk)
    assert refusal(filestore=two, filestore_in=pooled) == full
    assert refusal(filestore=two, filestore_in=outside) == "fits"
    assert refusal(filestore=five, filestore_in=outside) == disk
    both = refusal(database=3 * GIB, filestore=two, filestore_in=outside)
    assert both == (full if cluster_in_pool else disk)


def test_the_pool_is_not_grown_for_what_a_backup_says_of_itself(process, mixed, monkeypatch):
    grown = []
    monkeypatch.setattr(PoolSpace, "most", lambda _space, _wanted: 100 * GIB)
    mixed(cluster_in_pool=True, takes_new=True)
    monkeypatch.setattr(PoolSpace, "make", lambda _space, wanted: grown.append(wanted))

    require_claimed_room(process.deps, TEAM, "Importing a.zip", database=50 * GIB)
    with pytest.raises(QuotaReached, match=r"needs 500\.0 GiB, and 100\.0 GiB are free in the"):
        require_claimed_room(process.deps, TEAM, "Importing a.zip", database=500 * GIB)

    assert grown == []


def test_work_that_asks_while_it_writes_grows_the_pool_by_a_little(process, monkeypatch):
    grown = []
    pool = process.deps.infrastructure.pools.of(TEAM)
    monkeypatch.setattr(PoolSpace, "most", lambda _space, _wanted: 100 * GIB)
    monkeypatch.setattr(PoolSpace, "growth", 8 * GIB)

    def make(_space, wanted):
        grown.append(wanted)
        return wanted

    monkeypatch.setattr(PoolSpace, "make", make)

    assert room_left(process.deps, pool.path("cluster")) == GROW_BEFORE + 8 * GIB
    assert grown == [GROW_BEFORE]


def template_volume(process):
    [facts] = process.deps.engine.volumes.list(process.deps.naming.labels("template"))
    return facts.name


def give_space(monkeypatch, free):
    usage = SimpleNamespace(total=200 * GIB, free=free)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: usage)
