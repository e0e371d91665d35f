import errno
import os
import stat
import time
from pathlib import Path

import pytest

from oduflow.adapters.pool import transfer as module
from oduflow.adapters.pool.file_notes import FileNotes
from oduflow.adapters.pool.transfer import CopyDiffers, Transfer


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "deep" / "er" / "file").write_bytes(os.urandom(100_000))
    (folder / "empty").touch()
    (folder / "closed").write_text("x")
    (folder / "closed").chmod(0o400)
    (folder / "link").symlink_to("/nowhere")
    os.link(folder / "closed", folder / "deep" / "same")
    os.mkfifo(folder / "pipe")
    os.utime(folder / "deep", (1, 1))
    return folder


def test_a_copy_has_everything_with_modes_times_and_links(source: Path, tmp_path: Path) -> None:
    copied: list[int] = []
    Transfer(source, tmp_path / "copy", FileNotes(tmp_path), copied.append).finish()
    assert described(tmp_path / "copy") == described(source)
    assert (tmp_path / "copy" / "closed").samefile(tmp_path / "copy" / "deep" / "same")
    assert sum(copied) == 100_001


def test_a_link_between_two_folders_that_are_copied_together_is_kept(
    source: Path, tmp_path: Path
) -> None:
    other, notes, copied = tmp_path / "other", FileNotes(tmp_path), list[int]()
    other.mkdir()
    os.link(source / "deep" / "er" / "file", other / "file")
    one, two = tmp_path / "one", tmp_path / "two"
    copies = [
        Transfer(source, one, notes, copied.append),
        Transfer(other, two, notes, copied.append),
    ]
    for copy in copies:
        copy.approach()
    (source / "deep" / "er" / "file").write_bytes(b"changed in both")
    notes.forget_copies()
    for copy in copies:
        copy.finish()

    assert (one / "deep" / "er" / "file").samefile(two / "file")
    assert (two / "file").read_bytes() == b"changed in both"
    assert (one / "closed").samefile(one / "deep" / "same")
    assert sum(copied) < 110_000  # the large file once


def test_a_link_to_a_copy_on_another_disk_is_copied(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    Transfer(source, tmp_path / "copy", FileNotes(tmp_path)).finish()
    assert described(tmp_path / "copy") == described(source)


def test_what_changed_after_the_first_pass_is_in_the_copy(source: Path, tmp_path: Path) -> None:
    copy = Transfer(source, tmp_path / "copy", FileNotes(tmp_path))
    copy.approach()
    (source / "empty").unlink()
    (source / "new").write_text("new")
    (source / "deep" / "er" / "file").write_bytes(b"other")
    (source / "link").unlink()
    (source / "link").mkdir()
    (source / "pipe").unlink()

    copy.finish()

    assert described(tmp_path / "copy") == described(source)


def test_a_file_that_changes_without_another_time_is_copied_again(
    source: Path, tmp_path: Path
) -> None:
    file, copy = source / "empty", Transfer(source, tmp_path / "copy", FileNotes(tmp_path))
    copy.approach()
    seen = file.stat()
    file.write_bytes(b"")
    os.utime(file, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    (source / "deep" / "er" / "file").write_bytes(bytes(100_000))
    os.utime(source / "deep" / "er" / "file", ns=(1, time.time_ns()))

    copy.finish()

    assert described(tmp_path / "copy") == described(source)


def test_what_has_not_changed_is_not_copied_again(source: Path, tmp_path: Path) -> None:
    copied: list[int] = []
    os.utime(source / "deep" / "er" / "file", (5, 5))
    copy = Transfer(source, tmp_path / "copy", FileNotes(tmp_path), copied.append)
    copy.approach()
    copied.clear()
    copy.finish()
    assert sum(copied) < 100


def test_a_copy_that_is_not_alike_is_refused(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        module,
        "_copy_content",
        lambda _source, target, _on_bytes: target.write_bytes(bytes(100_000)),
    )
    (source / "closed").unlink()
    (source / "deep" / "same").unlink()
    with pytest.raises(CopyDiffers, match=r"deep/er/file|empty"):
        Transfer(source, tmp_path / "copy", FileNotes(tmp_path)).finish()


def test_a_link_in_place_of_a_file_is_never_followed(source: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("kept")
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "empty").symlink_to(outside)
    Transfer(source, tmp_path / "copy", FileNotes(tmp_path)).finish()
    assert outside.read_text() == "kept"
    assert described(tmp_path / "copy") == described(source)


def test_the_holes_of_a_file_are_not_filled(source: Path, tmp_path: Path) -> None:
    copied: list[int] = []
    (source / "holes").touch()
    os.truncate(source / "holes", 64 << 20)
    with (source / "holes").open("r+b") as file:
        file.seek(32 << 20)
        file.write(b"x")

    Transfer(source, tmp_path / "copy", FileNotes(tmp_path), copied.append).finish()

    assert described(tmp_path / "copy") == described(source)
    assert (tmp_path / "copy" / "holes").stat().st_blocks * 512 < 1 << 20
    assert sum(copied) < 1 << 20


def test_holes_of_two_files_are_alike_without_being_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for file in (one, other):
        file.touch()
        os.truncate(file, 64 << 20)
    read: list[int] = []
    pread = os.pread

    def counted(file: int, size: int, position: int) -> bytes:
        read.append(position)
        return pread(file, size, position)

    monkeypatch.setattr(os, "pread", counted)
    monkeypatch.setattr(os, "read", lambda *_args: pytest.fail("a hole was read"))

    assert module._same_content(one, other)
    assert read == []
    with other.open("r+b") as written:
        written.seek(32 << 20)
        written.write(b"x")
    assert not module._same_content(one, other)
    os.truncate(other, 1)
    os.truncate(other, 63 << 20)
    assert not module._same_content(one, other)


def described(root: Path) -> dict[str, object]:
    found: dict[str, object] = {}
    for path in root.rglob("*"):
        seen = path.lstat()
        content: object = None
        if stat.S_ISREG(seen.st_mode):
            content = path.read_bytes()
        elif stat.S_ISLNK(seen.st_mode):
            content = path.readlink()
        size = 0 if stat.S_ISDIR(seen.st_mode) else seen.st_size
        found[str(path.relative_to(root))] = (seen.st_mode, size, seen.st_mtime_ns, content)
    return found
