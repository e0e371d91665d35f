"""Flattening on real file systems: what is made is what the kernel's overlay shows."""

import errno
import hashlib
import os
import stat
import subprocess
import tracemalloc
from pathlib import Path

import pytest

from oduflow.adapters.filestore import copies
from oduflow.adapters.filestore import flatten as module
from oduflow.adapters.filestore.flatten import MOST_LEVELS, flatten
from oduflow.domain.errors import Conflict, NoRoom, UpstreamFailed

OWN = (os.getuid(), os.getgid())
ODD = ("a b", "-rf", "*", "nëw", "line\nbreak", "\udcff", "'; x", ".hidden", "~")
ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts an overlay")


class Overlay:
    """A lower and an upper folder, and a program that changes what the mount of both shows."""

    def __init__(self, root: Path) -> None:
        self.lower, self.upper, self.work, self.merged, self.target = (
            root / name for name in ("lower", "upper", "work", "merged", "target")
        )
        for folder in (self.lower, self.upper, self.work, self.merged):
            folder.mkdir()
        for number in range(4):
            folder = self.lower / f"{number:02x}"
            folder.mkdir()
            for name in ("one", "two", "three"):
                (folder / name).write_text(f"{number} {name}")

    def change(self, script: str, *options: str) -> str:
        """Run a script in the mount, and return the hash of all that it shows afterwards."""
        joined = ",".join(
            (
                *("index=off", *options),
                *(f"lowerdir={self.lower}", f"upperdir={self.upper}", f"workdir={self.work}"),
            )
        )
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", joined, self.merged], check=True)
        try:
            subprocess.run(["sh", "-euc", script], cwd=self.merged, check=True)
            return tree_hash(self.merged)
        finally:
            subprocess.run(["umount", self.merged], check=True)

    def flatten(self, **more) -> module.Flattened:
        return flatten(self.lower, self.upper, self.target, OWN, **more)


def tree_hash(root: Path) -> str:
    """Hash names, kinds, modes, link targets and contents; folders by name."""
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*"), key=os.fsencode):
        seen = path.lstat()
        digest.update(os.fsencode(path.relative_to(root)) + f"\0{seen.st_mode:o}\0".encode())
        if stat.S_ISREG(seen.st_mode):
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        elif stat.S_ISLNK(seen.st_mode):
            digest.update(os.fsencode(path.readlink()))
    return digest.hexdigest()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def overlay(tmp_path: Path) -> Overlay:
    return Overlay(tmp_path)


CHANGES = {
    "nothing": "true",
    "new files and folders": "mkdir -p aa/bb; echo x > aa/bb/new; echo y > 00/new; : > empty",
    "a changed file, which is copied up": "echo more >> 00/one; chmod 600 01/two",
    "removed files": "rm 00/one 01/two",
    "a removed folder": "rm -r 02",
    "all removed": "rm -rf -- *",
    "a folder that was removed and made again, which is opaque": (
        "rm -r 02; mkdir 02; echo other > 02/four"
    ),
    "a file in a folder's place": "rm -r 02; echo file > 02",
    "a folder in a file's place": "rm 00/one; mkdir -p 00/one/deep; echo x > 00/one/deep/x",
    "links": "ln -s ../../etc/passwd out; ln -s 00 in; ln -s nowhere 01/broken; ln 00/one hard",
    "a link in a folder's place": "rm -r 03; ln -s 00 03",
    "modes": "echo x > secret; chmod 000 secret; mkdir closed; chmod 500 closed; chmod 4755 00/two",
    "a file that was renamed": "mv 00/one 01/renamed",
    "a folder of new files that was renamed": "mkdir n; echo x > n/x; mv n m",
}


@ROOT
@pytest.mark.parametrize("script", CHANGES.values(), ids=CHANGES)
def test_the_new_folder_is_what_the_mount_shows(overlay, script):
    shown = overlay.change(script)

    overlay.flatten()

    assert tree_hash(overlay.target) == shown


@ROOT
def test_a_renamed_folder_keeps_its_files_where_overlayfs_notes_its_former_name(overlay):
    script = "mv 00 moved; mv 01 moved/inside; mv moved/one moved/uno; mkdir z; mv 02 z/w; mv z y"
    shown = overlay.change(script, "redirect_dir=on")

    overlay.flatten()

    assert tree_hash(overlay.target) == shown
    assert (overlay.target / "moved/inside/one").read_text() == "1 one"


@ROOT
def test_a_file_without_its_content_is_refused_by_name(overlay):
    overlay.change("chmod 600 00/one", "metacopy=on,redirect_dir=on")

    with pytest.raises(Conflict, match="metacopy"):
        overlay.flatten()


@ROOT
def test_marks_of_the_upper_layer_do_not_come_along(overlay):
    overlay.change("echo more >> 00/one; rm -r 02; mkdir 02; : > 02/x")

    overlay.flatten()

    found = [
        (path, mark)
        for path in (overlay.target, *overlay.target.rglob("*"))
        for mark in os.listxattr(path, follow_symlinks=False)
        if mark.startswith("trusted.")
    ]
    assert found == []


def test_files_of_both_layers_are_linked_and_survive_the_layers(overlay):
    (overlay.upper / "00").mkdir()
    (overlay.upper / "00" / "new").write_text("mine")

    done = overlay.flatten()

    assert (done.files, done.copied, done.left_out) == (13, 0, 0)
    for path in ("00/one", "00/new"):
        assert (overlay.target / path).stat().st_nlink == 2
    for layer in (overlay.lower, overlay.upper):
        subprocess.run(["rm", "-r", layer], check=True)
    assert (overlay.target / "00/new").read_text() == "mine"
    assert (overlay.target / "03/three").read_text() == "3 three"


@pytest.mark.parametrize("name", ODD)
def test_odd_names_are_kept(overlay, name):
    for layer, inner in ((overlay.lower, "below"), (overlay.upper, "above")):
        (layer / name).mkdir()
        (layer / name / inner).write_text(inner)
        (layer / name / name).write_text(inner)

    overlay.flatten()

    assert names(overlay.target / name) == sorted(["below", "above", name])
    assert (overlay.target / name / name).read_text() == "above"


def test_pipes_sockets_and_devices_are_left_out_and_counted(overlay):
    os.mkfifo(overlay.upper / "pipe")
    os.mknod(overlay.upper / "socket", stat.S_IFSOCK | 0o600)

    done = overlay.flatten()

    assert done.left_out == 2
    assert not {"pipe", "socket"} & set(names(overlay.target))


@ROOT
def test_everything_belongs_to_the_given_user_and_files_of_others_are_copied(overlay):
    (overlay.upper / "mine").write_text("x")
    os.chown(overlay.upper / "mine", 4321, 4322)
    (overlay.upper / "link").symlink_to("mine")

    done = flatten(overlay.lower, overlay.upper, overlay.target, (4321, 4322))

    owners = {
        (path.lstat().st_uid, path.lstat().st_gid)
        for path in (overlay.target, *overlay.target.rglob("*"))
    }
    assert owners == {(4321, 4322)}
    assert done.copied == 12
    assert (overlay.lower / "00" / "one").stat().st_uid == OWN[0]


@ROOT
def test_layers_of_another_file_system_are_copied_with_their_holes(overlay):
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", overlay.merged], check=True)
    try:
        with (overlay.upper / "sparse").open("wb") as file:
            file.truncate(1 << 30)
            file.seek(1 << 29)
            file.write(b"in the middle")
        os.link(overlay.upper / "sparse", overlay.upper / "again")
        os.utime(overlay.upper / "sparse", ns=(1, 2))

        done = flatten(overlay.lower, overlay.upper, overlay.merged / "made", OWN)

        made = (overlay.merged / "made" / "sparse").stat()
        assert (done.copied, done.files) == (13, 14)
        assert made.st_nlink == 2
        assert done.size < 1 << 20
        assert (made.st_size, made.st_mtime_ns) == (1 << 30, 2)
        assert made.st_blocks < 100
        assert (overlay.merged / "made/00/one").read_text() == "0 one"
        with (overlay.merged / "made" / "sparse").open("rb") as file:
            file.seek(1 << 29)
            assert file.read(13) == b"in the middle"
    finally:
        subprocess.run(["umount", overlay.merged], check=True)


@ROOT
def test_a_full_disk_is_named(overlay):
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", overlay.merged], check=True)
    try:
        (overlay.upper / "large").write_bytes(os.urandom(2 << 20))
        with pytest.raises(UpstreamFailed, match="the disk is full"):
            flatten(overlay.lower, overlay.upper, overlay.merged / "made", OWN)
    finally:
        subprocess.run(["umount", overlay.merged], check=True)


def test_without_a_lower_folder_it_is_the_upper_one(overlay):
    (overlay.upper / "only").write_text("x")

    for lower in (None, overlay.lower / "absent"):
        flatten(lower, overlay.upper, overlay.target, OWN)
        assert names(overlay.target) == ["only"]


def test_a_rest_of_a_killed_call_is_replaced(overlay):
    overlay.flatten()
    (overlay.target / "rest").write_text("x")

    overlay.flatten()

    assert names(overlay.target) == ["00", "01", "02", "03"]


def test_folders_that_are_nested_too_deeply_are_refused(overlay):
    folder = overlay.upper
    for _ in range(MOST_LEVELS):
        folder /= "d"
    folder.mkdir(parents=True)

    with pytest.raises(Conflict, match=f"more than {MOST_LEVELS} levels"):
        overlay.flatten()


def test_a_file_that_cannot_be_linked_more_often_is_copied(overlay, monkeypatch):
    link = os.link

    def refused(name, *words, **named):
        if name == "one":
            raise OSError(errno.EMLINK, "Too many links")
        return link(name, *words, **named)

    monkeypatch.setattr(os, "link", refused)

    assert overlay.flatten().copied == 4


@pytest.mark.thorough
def test_a_folder_of_very_many_names_does_not_fill_the_memory(overlay):
    for number in range(20_000):
        (overlay.upper / f"{number:0200d}").symlink_to("x")

    tracemalloc.start()
    try:
        overlay.flatten()
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert most < 1 << 20


def test_names_of_a_file_that_cannot_be_linked_more_often_share_copies(overlay, monkeypatch):
    link, most = os.link, 4
    (overlay.upper / "00").mkdir()
    for number in range(10):
        if number == 0:
            (overlay.upper / "0").write_text("large")
        else:
            link(overlay.upper / "0", overlay.upper / ("00/" * (number % 2) + str(number)))

    def few(name, target, **folders):
        if os.stat(name, dir_fd=folders["src_dir_fd"]).st_nlink >= most:
            raise OSError(errno.EMLINK, "Too many links")
        link(name, target, **folders)

    monkeypatch.setattr(os, "link", few)

    assert overlay.flatten().copied == 3
    made = [path for path in overlay.target.rglob("*") if path.name.isdecimal() and path.is_file()]
    assert [path.read_text() for path in made] == ["large"] * 10
    assert sorted(path.stat().st_nlink for path in made) == [2, 2, 4, 4, 4, 4, 4, 4, 4, 4]


def test_more_files_than_are_remembered_are_copied(overlay, monkeypatch):
    for name in ("a", "b"):
        (overlay.upper / name).write_text(name)
        os.link(overlay.upper / name, overlay.upper / f"{name}2")

    monkeypatch.setattr(module, "linked", lambda *_words: False)
    assert overlay.flatten().copied == 14

    monkeypatch.setattr(copies, "MOST_REMEMBERED", 1)
    assert overlay.flatten().copied == 15


def test_each_part_that_is_copied_is_told_and_may_end_the_work(overlay, monkeypatch):
    (overlay.upper / "mine").write_text("12345")
    told: list[int] = []

    def refused(_size):
        raise NoRoom("It is full.", "Free it.", missing=1)

    monkeypatch.setattr(module, "linked", lambda *_words: False)
    monkeypatch.setattr(copies, "clone", lambda *_files: False)

    overlay.flatten(on_bytes=told.append)

    assert 5 in told
    assert len(told) == 13
    with pytest.raises(NoRoom):
        overlay.flatten(on_bytes=refused)


def test_it_asks_now_and_then_whether_to_go_on(overlay):
    for number in range(1000):
        (overlay.upper / str(number)).touch()

    class Stopped(Exception):
        pass

    def stop() -> None:
        raise Stopped

    with pytest.raises(Stopped):
        overlay.flatten(look=stop)
