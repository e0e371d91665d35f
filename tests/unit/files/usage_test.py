import errno
import os
import subprocess
from pathlib import Path

import pytest

from oduflow.files import usage
from oduflow.files.usage import entries_below, size_of_copies, size_on_disk

KIB = 1 << 10


def test_every_file_and_folder_is_found_in_its_open_folder(tmp_path: Path) -> None:
    (tmp_path / "deep" / "deeper").mkdir(parents=True)
    (tmp_path / "deep" / "deeper" / "file").write_bytes(os.urandom(64 * KIB))
    (tmp_path / "link").symlink_to("/etc")
    (tmp_path / "left out" / "deep").mkdir(parents=True)

    found = {
        entry.name: os.stat(entry.name, dir_fd=entry.folder, follow_symlinks=False).st_ino
        for entry in entries_below(tmp_path, frozenset({str(tmp_path / "left out")}))
    }

    assert found.keys() == {"deep", "deeper", "file", "link"}
    assert found["file"] == (tmp_path / "deep" / "deeper" / "file").stat().st_ino
    assert 64 * KIB <= size_on_disk(tmp_path) < 128 * KIB


def test_a_copy_that_keeps_links_takes_each_linked_file_once(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    (tmp_path / "one" / "file").write_bytes(os.urandom(64 * KIB))
    os.link(tmp_path / "one" / "file", tmp_path / "one" / "same")
    os.link(tmp_path / "one" / "file", tmp_path / "two" / "same")

    assert 64 * KIB <= size_of_copies([tmp_path / "one", tmp_path / "two"]) < 128 * KIB
    assert size_on_disk(tmp_path / "one") >= 128 * KIB


def test_a_folder_that_is_exchanged_for_a_link_is_not_left(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    (inside / "folder" / "below").mkdir(parents=True)
    (outside / "below" / "secret").mkdir(parents=True)

    found = []
    for entry in entries_below(inside):
        found.append(entry.name)
        if entry.name == "folder":
            (inside / "folder").rename(tmp_path / "gone")
            (inside / "folder").symlink_to(outside)
        elif entry.name == "below":
            (tmp_path / "outside" / "below").rename(tmp_path / "outside" / "other")

    assert found == ["folder"]

    assert list(entries_below(inside / "folder")) == []


def test_folders_that_are_moved_while_they_are_read_end_only_their_own_part(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    for name in ("one", "two"):
        (inside / name / "deep" / "deeper").mkdir(parents=True)
        (inside / name / "deep" / "beside").mkdir()
    moved, found = "", []
    for entry in entries_below(inside):
        found.append(entry.name)
        if entry.name in {"deeper", "beside"} and not moved:
            moved = str(Path(f"/proc/self/fd/{entry.folder}").readlink())
            Path(moved).rename(tmp_path / "elsewhere")
    before = len(list(Path("/proc/self/fd").iterdir()))

    assert sorted(found) == ["beside"] * 2 + ["deep"] * 2 + ["deeper"] * 2 + ["one", "two"]
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_two_folders_are_open_however_deep_they_are_nested(tmp_path: Path) -> None:
    above = os.open(tmp_path, os.O_RDONLY)
    for _ in range(2000):
        os.mkdir("d", dir_fd=above)
        below = os.open("d", os.O_RDONLY, dir_fd=above)
        os.close(above)
        above = below
    os.close(above)
    before = len(list(Path("/proc/self/fd").iterdir()))
    try:
        most = max(len(list(Path("/proc/self/fd").iterdir())) for _ in entries_below(tmp_path))
        assert most <= before + 3
        assert sum(1 for _ in entries_below(tmp_path)) == 2000
    finally:
        subprocess.run(["rm", "-rf", str(tmp_path / "d")], check=True)


def test_more_folders_in_one_another_than_any_odoo_has_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage, "MAX_WAITING", 4)
    for name in "abc":
        (tmp_path / name).mkdir()
    assert len(list(entries_below(tmp_path))) == 3
    (tmp_path / "d").mkdir()
    before = len(list(Path("/proc/self/fd").iterdir()))

    with pytest.raises(OSError, match="More than 4 folders") as refused:
        list(entries_below(tmp_path))

    assert refused.value.errno == errno.EMLINK
    assert len(list(Path("/proc/self/fd").iterdir())) == before
