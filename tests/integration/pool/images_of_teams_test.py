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
from oduflow.adapters.pool.blocks import xfs_bytes
from oduflow.adapters.pool.pools import Pools
from oduflow.adapters.pool.space import HOST_KEEPS
from oduflow.domain.errors import QuotaReached, UpstreamFailed
from oduflow.settings.sections import StorageSettings

GIB, MIB = 1 << 30, 1 << 20
BLUE, RED = {"test.team": "blue"}, {"test.team": "red"}


def test_a_file_system_that_shut_itself_down_hinders_its_own_team_only(
    pools: Pools, caplog: pytest.LogCaptureFixture
) -> None:
    pools.set_up()
    assert pools.new("blues", BLUE)
    assert pools.new("reds", RED)
    shut_down(pools.of("red").folder)

    pools.keep()
    pools.remove("blues", {})
    assert [name for name, _folder in pools.folders()] == []
    assert "the file system of team red cannot be used: Input/output error" in caplog.text
    with pytest.raises(UpstreamFailed):
        pools.remove("reds", RED)
    assert not pools.of("red").state().ok
    assert pools.state().ok
    pools.of("blue").require()


def test_one_that_shut_itself_down_is_mounted_again_once_nothing_uses_it(
    pools: Pools, caplog: pytest.LogCaptureFixture
) -> None:
    pools.set_up()
    kept = pools.naming.team_folder("red") / "kept"
    kept.write_text("content")
    red = pools.of("red").folder
    subprocess.run(["sync", "--file-system", red], check=True)
    with kept.open("rb"):  # as a container of the team's
        shut_down(red)

        pools.attach()

        assert not pools.of("red").image.mounted
        assert "has shut itself down, and programs still use it" in caplog.text
        assert not kept.exists()
    for _ in range(50):
        pools.attach()
        if pools.of("red").image.mounted:
            break
        time.sleep(0.1)

    assert kept.read_text() == "content"


def test_two_images_that_grow_at_once_never_take_what_the_disk_keeps(
    pools: Pools, limits: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    limits.update(blue=4 * GIB, red=4 * GIB)
    pools.set_up()
    images = [pools.of(team).image.file for team in ("blue", "red")]
    measure(monkeypatch, lambda: 3 * GIB + HOST_KEEPS - size_of(images))  # one more step for both

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda team: pools.of(team).space.make(600 * MIB), ("blue", "red")))

    assert size_of(images) == 3 * GIB


def test_a_growth_that_was_cut_before_the_file_system_grew_is_finished(pools: Pools) -> None:
    pools.set_up()
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

    pools.keep()

    assert xfs_bytes(image.target) == 2 * GIB
    assert image.file.stat().st_size == 2 * GIB, "its team may have 1 GiB: it grows no further"


def test_a_lost_image_is_not_replaced_by_an_empty_one(
    pools: Pools, caplog: pytest.LogCaptureFixture
) -> None:
    pools.set_up()
    red = pools.of("red")
    subprocess.run(["umount", red.folder], check=True)
    saved = red.image.file.rename(pools.naming.data_dir / "saved.img")

    pools.attach()

    assert not red.image.exists
    assert "The image of team red is gone" in caplog.text
    pools.of("blue").require()
    with pytest.raises(UpstreamFailed, match="not mounted"):
        pools.new("reds", RED)

    saved.rename(red.image.file)
    pools.attach()
    assert red.image.mounted


def test_a_team_begins_anew_without_its_lost_image_when_an_operator_says_so(
    pools: Pools, caplog: pytest.LogCaptureFixture
) -> None:
    pools.set_up()
    red = pools.of("red")
    subprocess.run(["umount", red.folder], check=True)
    red.image.file.unlink()
    pools.attach()
    command = caplog.text.split("`")[1]
    assert command == f"rm -d {red.folder} {pools.naming.team_folder('red')}"

    subprocess.run(command.split(), check=True)
    pools.attach()

    assert red.image.mounted
    assert list(pools.naming.team_folder("red").iterdir()) == []


def test_all_pools_together_never_take_more_than_they_may(
    pools: Pools, limits: dict[str, int]
) -> None:
    rules = StorageSettings(pool_max_gb=3)
    limited = Pools(pools.naming, lambda: rules, lambda: limits)
    limits.update(blue=50 * GIB, red=50 * GIB)
    limited.set_up()
    assert limited.limit("blue") == 3 * GIB

    limited.of("blue").space.make(GIB)
    assert limited.of("blue").image.file.stat().st_size == 2 * GIB
    limited.of("red").space.make(GIB)
    limited.of("blue").space.make(2 * GIB)

    assert size_of([limited.of(team).image.file for team in limits]) == 3 * GIB
    limits["green"] = GIB
    with pytest.raises(QuotaReached, match=r"need 4\.0 GiB together, and may have 3\.0 GiB"):
        limited.add("green")


def test_uploads_are_refused_while_their_file_system_is_not_mounted(pools: Pools) -> None:
    pools.set_up()
    pools.require_files("red")
    subprocess.run(["umount", pools.of("red").folder], check=True)

    with pytest.raises(UpstreamFailed, match="not mounted"):
        pools.require_files("red")
    with pytest.raises(UpstreamFailed, match="not mounted"):
        pools.of("red").link(pools.naming.data_dir / "link")
    pools.require_files("blue")
    pools.naming.team_folder("blue").unlink()
    pools.naming.team_folder("blue").mkdir()
    pools.require_files("blue")


def test_the_shared_pool_is_given_back_once_it_is_empty(pools: Pools) -> None:
    shared = pools.shared
    shared.image.make(GIB)
    shared.attach()
    folder = pools.new("old", BLUE)
    assert folder == shared.path("old")
    pools.set_up()

    assert not pools.give_up_shared()
    remove_tree(folder)
    assert pools.give_up_shared()

    assert not shared.image.exists
    assert not shared.folder.exists()
    assert not pools.give_up_shared()


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
