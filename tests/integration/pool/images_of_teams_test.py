"""Images of teams that are damaged, lost, or grow at once: each team's concern alone."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest

from oduflow.adapters.filestore.clone import remove_tree
from oduflow.adapters.pool import image as image_module
from oduflow.adapters.pool.blocks import xfs_bytes
from oduflow.adapters.pool.image import ImageState
from oduflow.adapters.pool.making import destroy, give_up_shared, set_up
from oduflow.adapters.pool.pools import Pools
from oduflow.adapters.pool.report import state_of_all
from oduflow.adapters.pool.space import HOST_KEEPS
from oduflow.adapters.pool.turns import turn
from oduflow.domain.errors import QuotaReached, UpstreamFailed
from oduflow.domain.plan import Naming
from oduflow.files.private import make_folder
from oduflow.settings.sections import StorageSettings
from tests.support.pools import attach_all

GIB, MIB = 1 << 30, 1 << 20
BLUE, RED = {"test.team": "blue"}, {"test.team": "red"}


def test_a_file_system_that_shut_itself_down_hinders_its_own_team_only(
    pools: Pools, caplog: pytest.LogCaptureFixture
) -> None:
    set_up(pools)
    assert pools.new("blues", BLUE)
    assert pools.new("reds", RED)
    shut_down(pools.of("red").folder)

    pools.keep("red")
    pools.remove("blues", None)
    assert [name for name, _folder in pools.folders()] == []
    assert "the file system of team red cannot be used: Input/output error" in caplog.text
    with pytest.raises(UpstreamFailed):
        pools.remove("reds", pools.of("red").path("reds"))
    assert not pools.of("red").state().ok
    assert state_of_all(pools).ok
    pools.of("blue").require()


def test_one_that_shut_itself_down_is_mounted_again_once_nothing_uses_it(
    pools: Pools, caplog: pytest.LogCaptureFixture
) -> None:
    set_up(pools)
    kept = pools.naming.team_folder("red") / "kept"
    kept.write_text("content")
    red = pools.of("red").folder
    subprocess.run(["sync", "--file-system", red], check=True)
    with kept.open("rb"):  # as a container of the team's
        shut_down(red)

        attach_all(pools)

        assert not pools.of("red").image.mounted
        assert "has shut itself down. `dmesg` says why" in caplog.text
        assert not kept.exists()
    for _ in range(50):
        attach_all(pools)
        if pools.of("red").image.mounted:
            break
        time.sleep(0.1)

    assert kept.read_text() == "content"


def test_two_images_that_grow_at_once_never_take_what_the_disk_keeps(
    pools: Pools, limits: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    limits.update(blue=4 * GIB, red=4 * GIB)
    set_up(pools)
    images = [pools.of(team).image.file for team in ("blue", "red")]
    measure(monkeypatch, lambda: 3 * GIB + HOST_KEEPS - size_of(images))  # one more step for both

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda team: pools.of(team).space.make(600 * MIB), ("blue", "red")))

    assert size_of(images) == 3 * GIB


def test_a_growth_that_was_cut_before_the_file_system_grew_is_finished(pools: Pools) -> None:
    set_up(pools)
    image = pools.of("red").image
    with image.file.open("r+b") as file:
        os.posix_fallocate(file.fileno(), GIB, GIB)
    device = subprocess.run(
        ["findmnt", "--noheadings", "--output", "SOURCE", image.target],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    subprocess.run(["losetup", "--set-capacity", device], check=True)
    assert xfs_bytes(image.target) == GIB

    pools.keep("red")

    assert xfs_bytes(image.target) == 2 * GIB
    assert image.file.stat().st_size == 2 * GIB, "its team may have 1 GiB: it grows no further"


def test_a_lost_image_is_not_replaced_by_an_empty_one(
    pools: Pools, caplog: pytest.LogCaptureFixture
) -> None:
    set_up(pools)
    red = pools.of("red")
    subprocess.run(["umount", red.folder], check=True)
    saved = red.image.file.rename(pools.naming.data_dir / "saved.img")

    attach_all(pools)

    assert not red.image.exists
    assert "The pool's image is gone: " in caplog.text
    pools.of("blue").require()
    with pytest.raises(UpstreamFailed, match="image is gone"):
        pools.new("reds", RED)

    saved.rename(red.image.file)
    attach_all(pools)
    assert red.image.mounted


def test_setting_up_again_gives_up_no_team_whose_image_is_lost(pools: Pools) -> None:
    set_up(pools)
    red = pools.of("red")
    subprocess.run(["umount", red.folder], check=True)
    saved = red.image.file.rename(pools.naming.data_dir / "saved.img")

    for _ in range(2):
        with pytest.raises(UpstreamFailed, match="image is gone"):
            set_up(pools)
        attach_all(pools)

    assert [pools.of(team).image.state for team in ("red", "blue")] == ["lost", "mounted"]
    saved.rename(red.image.file)
    assert set_up(pools) == ()
    assert red.image.mounted


def test_nothing_of_a_team_whose_image_is_lost_stays_when_all_is_destroyed(pools: Pools) -> None:
    set_up(pools)
    subprocess.run(["umount", pools.of("red").folder], check=True)
    pools.of("red").image.file.unlink()

    assert destroy(pools)

    assert list(pools.naming.data_dir.iterdir()) == []


def test_a_team_without_room_for_an_image_writes_nowhere_and_gets_one_later(
    pools: Pools,
    limits: dict[str, int],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    set_up(pools)
    limits["green"] = GIB
    folder = pools.naming.team_folder("green")
    with monkeypatch.context() as patch:
        measure(patch, lambda: GIB)
        attach_all(pools)
        assert "team green cannot be used: A pool needs 3.0 GiB of free space" in caplog.text
        with pytest.raises(UpstreamFailed, match="could not be made yet"):
            pools.require("green")
        with pytest.raises(UpstreamFailed):
            make_folder(folder / "uploads")
    assert folder.is_symlink()

    attach_all(pools)

    make_folder(folder / "uploads")
    assert pools.of("green").holds(folder / "uploads")


def test_a_data_folder_behind_a_link_is_recognised_and_its_images_are_unmounted_before_they_go(
    pools: Pools, limits: dict[str, int], tmp_path: Path
) -> None:
    link = tmp_path / "data"
    link.symlink_to(pools.naming.data_dir)
    linked = Pools(Naming("test", link), StorageSettings, lambda: limits)

    set_up(linked)
    assert linked.of("red").image.state is ImageState.MOUNTED
    assert pools.of("red").image.state is ImageState.MOUNTED
    folder = linked.new("vol", RED)
    assert folder is not None
    assert pools.holding(folder) == pools.of("red")
    assert linked.holding(folder.resolve()) == linked.of("red")

    assert destroy(linked)
    listed = subprocess.run(["losetup", "--list"], check=True, capture_output=True, text=True)
    assert str(pools.naming.data_dir) not in listed.stdout
    assert list(pools.naming.data_dir.iterdir()) == []


def test_an_image_that_is_mounted_elsewhere_is_not_removed(
    pools: Pools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up(pools)
    image, elsewhere = pools.of("red").image, tmp_path / "elsewhere"
    elsewhere.mkdir()
    subprocess.run(["mount", "--bind", image.target, elsewhere], check=True)
    monkeypatch.setattr(image_module, "_DETACH_SECONDS", 0.1)
    try:
        with pytest.raises(UpstreamFailed, match="is still mounted elsewhere"):
            image.remove()
        assert image.exists
    finally:
        subprocess.run(["umount", elsewhere], check=True)


def test_copying_that_is_configured_later_makes_no_volume_beyond_a_teams_limit(
    pools: Pools, limits: dict[str, int]
) -> None:
    set_up(pools)
    copying = Pools(pools.naming, lambda: StorageSettings(clone="copy"), lambda: limits)

    folder = copying.new("vol", RED)

    assert folder == pools.of("red").path("vol")
    assert copying.of("red").takes_new


def test_one_team_grows_while_another_one_writes_its_files_to_the_disk(
    pools: Pools, limits: dict[str, int]
) -> None:
    limits.update(blue=3 * GIB, red=3 * GIB)
    set_up(pools)
    with turn(pools.of("red").image.file) as held:  # as during red's growth
        assert held
        begun = time.monotonic()
        pools.of("blue").space.make(GIB)
        assert time.monotonic() - begun < 10
    assert pools.of("blue").image.file.stat().st_size == 2 * GIB
    assert pools.of("red").image.file.stat().st_size == GIB


def test_the_shared_image_hinders_no_team_that_has_its_own_when_it_is_damaged(
    pools: Pools, caplog: pytest.LogCaptureFixture
) -> None:
    shared = pools.shared
    shared.image.make(GIB)
    shared.attach()
    old = pools.new("old", RED)
    assert old is not None
    set_up(pools)
    pools.new("blues", BLUE)
    subprocess.run(["umount", shared.folder], check=True)
    with shared.image.file.open("r+b") as file:
        file.write(bytes(MIB))

    attach_all(pools)

    assert "the file system of all teams cannot be used: The pool's image cannot" in caplog.text
    pools.of("blue").require()
    pools.remove("blues", pools.of("blue").path("blues"))
    assert pools.of("blue").names() == ()
    with pytest.raises(UpstreamFailed, match="not mounted"):
        pools.require_folder(old)


def test_all_pools_together_never_take_more_than_they_may(
    pools: Pools, limits: dict[str, int]
) -> None:
    rules = StorageSettings(pool_max_gb=3)
    limited = Pools(pools.naming, lambda: rules, lambda: limits)
    limits.update(blue=50 * GIB, red=50 * GIB)
    set_up(limited)
    assert limited.limits.of("blue") == 3 * GIB

    limited.of("blue").space.make(GIB)
    assert limited.of("blue").image.file.stat().st_size == 2 * GIB
    limited.of("red").space.make(GIB)
    limited.of("blue").space.make(2 * GIB)

    assert size_of([limited.of(team).image.file for team in limits]) == 3 * GIB
    limits["green"] = GIB
    with pytest.raises(QuotaReached, match=r"need 4\.0 GiB together, and may have 3\.0 GiB"):
        limited.add("green")


def test_uploads_are_refused_while_their_file_system_is_not_mounted(pools: Pools) -> None:
    set_up(pools)
    pools.require("red")
    subprocess.run(["umount", pools.of("red").folder], check=True)

    with pytest.raises(UpstreamFailed, match="not mounted"):
        pools.require("red")
    with pytest.raises(UpstreamFailed, match="not mounted"):
        pools.of("red").link(pools.naming.data_dir / "link")
    pools.require("blue")
    pools.naming.team_folder("blue").unlink()
    pools.naming.team_folder("blue").mkdir()
    pools.require("blue")


def test_the_shared_pool_is_given_back_once_it_is_empty(pools: Pools) -> None:
    shared = pools.shared
    shared.image.make(GIB)
    shared.attach()
    folder = pools.new("old", BLUE)
    assert folder == shared.path("old")
    set_up(pools)

    assert not give_up_shared(pools)
    remove_tree(folder)
    assert give_up_shared(pools)

    assert not shared.image.exists
    assert not shared.folder.exists()
    assert not give_up_shared(pools)


def shut_down(folder: Path) -> None:
    """Let an XFS do what it does when its disk has an error."""
    subprocess.run(["xfs_io", "-x", "-c", "shutdown", folder], check=True)


def size_of(images: list[Path]) -> int:
    return sum(image.stat().st_size for image in images)


def measure(monkeypatch: pytest.MonkeyPatch, free: Callable[[], int]) -> None:
    """Let the disk of images have so much space; who asks for it is in no hurry to use it."""
    real = shutil.disk_usage

    def usage(folder: Path) -> object:
        if (Path(folder) / "volumes").exists():
            return real(folder)
        found = free()
        time.sleep(0.2)
        return SimpleNamespace(total=100 * GIB, used=0, free=found)

    monkeypatch.setattr(shutil, "disk_usage", usage)
