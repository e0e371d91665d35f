"""The pool's image on real loop devices: it grows while it is used, and nothing of it stays."""

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from oduflow.adapters.pool.blocks import xfs_bytes
from oduflow.adapters.pool.mounts import device_at
from oduflow.adapters.pool.pool import Pool
from oduflow.domain.errors import QuotaReached, UpstreamFailed
from oduflow.files.reflink import has_reflinks
from oduflow.settings.sections import StorageSettings

STEP = 512 << 20
GROWTH, GROWTHS, KILLS = 64 << 20, 40, 5
# Grows a pool again and again, until it is killed.
GROW = """
import sys
from pathlib import Path
from oduflow.adapters.pool.pool import Pool
from oduflow.settings.sections import StorageSettings
image = Pool(Path(sys.argv[1]), Path(sys.argv[1]) / "pool", StorageSettings).image
print("begun", flush=True)
for _ in range(int(sys.argv[3])):
    image.grow(lambda: int(sys.argv[2]))
"""
ROOT, PREFIX = Path("/tmp"), "odf-pool-"  # noqa: S108


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data folder; those of killed runs, whose images are still mounted, are removed."""
    for left in ROOT.glob(f"{PREFIX}*"):
        if not Path("/proc", left.name.removeprefix(PREFIX).split("-")[0]).exists():
            remove(left)
    made = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=ROOT))
    try:
        yield made
    finally:
        remove(made)


@pytest.fixture
def pool(folder: Path) -> Pool:
    return Pool(folder, folder / "pool", StorageSettings, step=STEP)


def test_the_pool_shares_blocks_and_is_allocated(pool: Pool) -> None:
    assert not has_reflinks(pool.data_dir)
    assert pool.state().text.startswith("copy: the data folder's file system cannot")

    make(pool)
    make(pool)

    assert has_reflinks(pool.folder)
    assert pool.state().text.startswith("reflink (pool of 4")
    assert pool.image.file.stat().st_blocks * 512 >= STEP
    assert pool.image.file.stat().st_mode & 0o777 == 0o600


def test_the_pool_grows_before_it_is_full_and_holds_what_was_written(pool: Pool) -> None:
    make(pool)
    before = shutil.disk_usage(pool.folder).total
    content = os.urandom(1 << 20) * 250
    (pool.folder / "kept").write_bytes(content)

    pool.attach()

    assert shutil.disk_usage(pool.folder).total >= before + STEP // 2
    assert pool.image.file.stat().st_size == 2 * STEP
    assert (pool.folder / "kept").read_bytes() == content


def test_a_growth_that_was_killed_after_the_allocation_is_finished(pool: Pool) -> None:
    make(pool)
    with pool.image.file.open("r+b") as file:
        os.posix_fallocate(file.fileno(), STEP, STEP)

    assert pool.image.grow(lambda: 0) == 0

    assert pool.image.file.stat().st_size == 2 * STEP
    assert shutil.disk_usage(pool.folder).total > STEP


def test_a_growth_that_was_killed_before_the_file_system_grew_is_finished(pool: Pool) -> None:
    make(pool)
    with pool.image.file.open("r+b") as file:
        os.posix_fallocate(file.fileno(), STEP, STEP)
    device = device_at(pool.folder)
    assert device is not None
    subprocess.run(["losetup", "--set-capacity", device], check=True)
    assert xfs_bytes(pool.folder) == STEP

    pool.space.keep()

    assert xfs_bytes(pool.folder) == 2 * STEP
    assert pool.image.file.stat().st_size == 2 * STEP


def test_a_pool_that_shut_itself_down_is_mounted_again_once_nothing_uses_it(pool: Pool) -> None:
    make(pool)
    kept = pool.folder / "kept"
    kept.write_text("content")
    subprocess.run(["sync", "--file-system", pool.folder], check=True)
    with kept.open("rb"):  # as a container does
        subprocess.run(["xfs_io", "-x", "-c", "shutdown", pool.folder], check=True)
        with pytest.raises(UpstreamFailed, match="has shut itself down"):
            pool.attach()
        assert not pool.image.mounted
        assert not pool.state().ok
    for _ in range(100):  # the kernel may hold it some time after the last file was closed
        with suppress(UpstreamFailed):
            pool.attach()
            break
        time.sleep(0.1)

    assert kept.read_text() == "content"


def test_two_that_need_growth_at_once_share_one(pool: Pool) -> None:
    make(pool)
    needed, size = 64 << 20, pool.image.file.stat().st_size

    with ThreadPoolExecutor(2) as threads:
        fits = list(threads.map(pool.space.make, [needed, needed]))

    assert min(fits) >= needed
    assert pool.image.file.stat().st_size == size + STEP


def test_a_process_that_is_killed_while_the_pool_grows_loses_nothing(pool: Pool) -> None:
    make(pool)
    content = os.urandom(1 << 20) * 20
    (pool.folder / "kept").write_bytes(content)
    words = (sys.executable, "-c", GROW, str(pool.data_dir), str(GROWTH), str(GROWTHS))
    for _ in range(KILLS):
        size = pool.image.file.stat().st_size
        with subprocess.Popen(words, stdout=subprocess.PIPE) as growing:
            assert growing.stdout is not None
            growing.stdout.readline()
            time.sleep(random.SystemRandom().uniform(0, 0.3))
            growing.kill()
        with (pool.folder / f"after-{size}").open("wb") as file:  # as PostgreSQL goes on
            file.write(content)
            os.fsync(file.fileno())

        pool.image.grow(lambda: GROWTH)

        grown = pool.image.file.stat().st_size
        assert grown > size
        assert shutil.disk_usage(pool.folder).total > grown - (100 << 20)  # its log is 64 MiB
        assert pool.image.file.stat().st_blocks * 512 >= grown
    for path in (pool.folder / "kept", *pool.folder.glob("after-*")):
        assert path.read_bytes() == content
    subprocess.run(["umount", str(pool.folder)], check=True)
    subprocess.run(["xfs_repair", "-n", str(pool.image.file)], check=True, capture_output=True)


def test_a_pool_that_may_not_grow_refuses_new_environments(folder: Path) -> None:
    rules = StorageSettings(pool_max_gb=1)
    small = Pool(folder, folder / "pool", lambda: rules, step=768 << 20)
    make(small)
    (small.folder / "much").write_bytes(bytes(400 << 20))
    with pytest.raises(QuotaReached, match="in the pool, which cannot grow"):
        small.require()
    assert small.image.file.stat().st_size == 768 << 20


def test_the_pool_comes_back_after_a_restart_and_its_files_are_not_lost_meanwhile(
    pool: Pool,
) -> None:
    make(pool)
    folder = pool.new("kept")
    assert folder is not None
    (folder / "file").write_text("content")
    subprocess.run(["umount", str(pool.folder)], check=True)

    assert pool.new("other") is None
    assert not pool.state().ok
    with pytest.raises(UpstreamFailed, match="not mounted"):
        pool.remove("kept")

    pool.attach()
    assert (folder / "file").read_text() == "content"
    pool.remove("kept")
    assert pool.names() == ()


def test_what_a_killed_setup_left_is_replaced(pool: Pool) -> None:
    (pool.data_dir / "pool.img.new").write_bytes(b"half")
    make(pool)
    assert not (pool.data_dir / "pool.img.new").exists()


def test_nothing_of_a_removed_pool_stays(pool: Pool) -> None:
    make(pool)
    pool.new("kept")
    assert pool.destroy()
    assert list(pool.data_dir.iterdir()) == []
    listed = subprocess.run(["losetup", "--list"], check=True, capture_output=True, text=True)
    assert str(pool.data_dir) not in listed.stdout
    assert not pool.destroy()


def make(pool: Pool) -> None:
    if not pool.image.exists:
        pool.make(lambda: None)
    pool.attach()


def remove(data_dir: Path) -> None:
    Pool(data_dir, data_dir / "pool", StorageSettings).destroy()
    shutil.rmtree(data_dir)
