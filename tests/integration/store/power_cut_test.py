"""The store on a disk that loses power: a row whose write has ended is there afterwards."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from oduflow.adapters.store import Facts, Store
from tests.support.server import eventually

BYTES = 400 << 20  # sparse; XFS takes no less than 300 MB
ROWS = 50


def test_what_was_written_before_a_power_cut_is_there_after_it(disk: Path, tmp_path: Path) -> None:
    store = Store(disk / "data" / "store.sqlite")
    store.migrate()
    facts = Facts(store)
    for number in range(ROWS):
        facts.set(f"fact {number}", "known")
    facts.remove("fact 0")

    subprocess.run(["xfs_io", "-x", "-c", "shutdown", disk], check=True)
    store.close()
    subprocess.run(["umount", disk], check=True)
    mount(tmp_path / "disk.img", disk)

    found = Facts(Store(store.path))
    known = [number for number in range(ROWS) if found.get(f"fact {number}") == "known"]
    assert known == list(range(1, ROWS))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, mounted at a folder."""
    image, folder = tmp_path / "disk.img", tmp_path / "disk"
    folder.mkdir()
    with image.open("wb") as file:
        file.truncate(BYTES)
    subprocess.run(["mkfs.xfs", "-q", image], check=True)
    mount(image, folder)
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def mount(image: Path, folder: Path) -> None:
    """Mount it, once the kernel has let go of its loop device: else the old file system is back."""

    def free() -> bool:
        words = ["losetup", "--associated", str(image)]
        return not subprocess.run(words, check=True, capture_output=True).stdout

    eventually(free, 30)
    subprocess.run(["mount", "-t", "xfs", "-o", "loop", str(image), str(folder)], check=True)
