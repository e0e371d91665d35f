"""A file system for each team, on real loop devices: none can fill the disk of another."""

import errno
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from oduflow.adapters.pool.image import PoolImage
from oduflow.adapters.pool.making import destroy, set_up
from oduflow.adapters.pool.pools import Pools
from oduflow.adapters.pool.report import state_of_all
from oduflow.domain.errors import QuotaReached, UpstreamFailed
from oduflow.files.reflink import has_reflinks
from oduflow.services.storage.limits import keep_pools
from tests.support.pools import attach_all

GIB, MIB = 1 << 30, 1 << 20


def test_a_team_that_fills_its_disk_takes_nothing_from_another(pools: Pools) -> None:
    set_up(pools)
    blue, red = pools.of("blue"), pools.of("red")
    assert has_reflinks(red.folder)

    filled = fill(pools.naming.team_folder("red") / "much")

    assert 0.7 * GIB < filled < GIB
    assert red.space.free < MIB
    content = os.urandom(100 * MIB)
    kept = pools.naming.team_folder("blue") / "kept"
    kept.write_bytes(content)
    assert kept.read_bytes() == content
    blue.require()
    with pytest.raises(QuotaReached, match="in the pool, which cannot grow"):
        red.require()

    (pools.naming.team_folder("red") / "much").unlink()
    red.require()


def test_a_file_system_grows_while_it_is_filled_and_ends_at_the_teams_limit(
    pools: Pools, limits: dict[str, int]
) -> None:
    limits["red"] = 3 * GIB
    set_up(pools)
    stop = threading.Event()
    thread = threading.Thread(target=keep_pools, args=(pools, stop))
    thread.start()
    try:
        filled = fill(pools.of("red").folder / "much", slowly=True)
    finally:
        stop.set()
        thread.join()

    assert 2.8 * GIB < filled < 3 * GIB
    assert pools.of("red").image.file.stat().st_size == 3 * GIB
    assert pools.of("blue").image.file.stat().st_size == GIB
    assert 2.8 * GIB < pools.of("red").space.used < 3 * GIB


def test_without_a_limit_teams_share_what_the_disk_has(
    pools: Pools, limits: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    limits.update(blue=0, red=0, green=4 * GIB)
    give_space(monkeypatch, 22 * GIB)

    assert [pools.limits.of(team) for team in ("blue", "red", "green")] == [
        8 * GIB,
        8 * GIB,
        4 * GIB,
    ]
    limits["red"] = 50 * GIB
    assert pools.limits.of("blue") == GIB, "what it is given first"
    assert pools.limits.promised == 54 * GIB
    assert pools.limits.capacity == 20 * GIB


def test_more_than_the_disk_has_is_told(
    pools: Pools, limits: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up(pools)
    assert state_of_all(pools).text.startswith("reflink (2 pools of teams, 1.")
    limits["red"] = 50 * GIB
    give_space(monkeypatch, 22 * GIB)

    state = state_of_all(pools)
    assert "; disk_gb of the teams is 51.0 GiB together, and the disk has 22.0 GiB" in state.text
    assert state.hint.startswith("Lower disk_gb")


def test_a_team_that_is_new_gets_a_file_system_and_one_that_is_gone_keeps_its_own(
    pools: Pools, limits: dict[str, int]
) -> None:
    set_up(pools)
    (pools.naming.team_folder("red") / "kept").write_text("content")
    limits["green"] = limits.pop("red")

    attach_all(pools)

    assert pools.of("green").image.mounted
    assert pools.limits.of("red") == GIB
    assert (pools.naming.team_folder("red") / "kept").read_text() == "content"


def test_after_a_restart_every_teams_files_are_there(pools: Pools) -> None:
    set_up(pools)
    volume = pools.new("vol", {"test.team": "red"})
    assert volume is not None
    for file in (volume / "one", pools.naming.team_folder("red") / "two"):
        file.write_text("content")
    for team in ("blue", "red"):
        subprocess.run(["umount", pools.of(team).folder], check=True)
    assert not state_of_all(pools).ok

    attach_all(pools)

    assert (volume / "one").read_text() == "content"
    assert (pools.naming.team_folder("red") / "two").read_text() == "content"
    assert pools.paths("vol")[:2] == (pools.of("blue").path("vol"), volume)


def test_a_damaged_image_hinders_its_own_team_only(
    pools: Pools, caplog: pytest.LogCaptureFixture
) -> None:
    set_up(pools)
    mine = {"test.team": "blue"}
    assert pools.new("blues", mine)
    subprocess.run(["umount", pools.of("red").folder], check=True)
    with pools.of("red").image.file.open("r+b") as file:
        file.write(bytes(MIB))

    attach_all(pools)

    assert "the file system of team red cannot be used: The pool's image cannot" in caplog.text
    pools.of("blue").require()
    pools.remove("blues", pools.of("blue").path("blues"))
    pools.remove("blues", None)
    assert pools.of("blue").names() == ()
    state = state_of_all(pools)
    assert (state.ok, state.reflink) == (True, True)
    assert "; 1 team cannot: copy: The pool's image is not mounted." in state.text
    with pytest.raises(UpstreamFailed, match="not mounted"):
        pools.new("reds", {"test.team": "red"})
    with pytest.raises(UpstreamFailed, match="not mounted"):
        pools.require_folder(pools.of("red").path("reds"))


def test_a_folder_with_files_stays_where_it_is_until_it_is_moved(pools: Pools) -> None:
    folder = pools.naming.team_folder("red")
    folder.mkdir()
    (folder / "checkout").write_text("content")

    set_up(pools)

    assert not folder.is_symlink()
    assert pools.naming.team_folder("blue").is_symlink()
    (folder / "checkout").unlink()
    attach_all(pools)
    assert folder.is_symlink()


def test_a_machine_that_cannot_mount_keeps_nothing(
    pools: Pools, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PoolImage, "mount", refuse(PoolImage.mount))

    with pytest.raises(UpstreamFailed, match="no loop device"):
        set_up(pools)

    assert list(pools.naming.data_dir.iterdir()) == []
    assert not pools.limited


def test_all_teams_have_room_or_none_gets_a_file_system(
    pools: Pools, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_space(monkeypatch, 7 * GIB // 2)
    with pytest.raises(QuotaReached, match=r"The pools of 2 teams need 4\.0 GiB of free space"):
        set_up(pools)
    assert list(pools.naming.data_dir.iterdir()) == []


def test_nothing_of_removed_pools_stays(pools: Pools) -> None:
    set_up(pools)
    pools.new("kept", {"test.team": "red"})
    assert destroy(pools)
    assert list(pools.naming.data_dir.iterdir()) == []
    listed = subprocess.run(["losetup", "--list"], check=True, capture_output=True, text=True)
    assert str(pools.naming.data_dir) not in listed.stdout
    assert not destroy(pools)


def fill(file: Path, *, slowly: bool = False) -> int:
    """Write until the kernel refuses, as a program of a team's would; return the bytes."""
    with file.open("wb", buffering=0) as stream:
        while True:
            try:
                stream.write(bytes(8 * MIB))
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
                return file.stat().st_size
            if slowly:  # as fast as a disk is, not as fast as memory
                os.fsync(stream.fileno())
                time.sleep(0.02)


def refuse(mount: Callable[[PoolImage], None]) -> Callable[[PoolImage], None]:
    """Mount the first image, and refuse the second."""
    mounted: list[Path] = []

    def one(image: PoolImage) -> None:
        mounted.append(image.file)
        if len(mounted) > 1:
            raise UpstreamFailed("no loop device")
        mount(image)

    return one


def give_space(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    usage = shutil.disk_usage(Path.cwd())._replace(free=free)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: usage)
