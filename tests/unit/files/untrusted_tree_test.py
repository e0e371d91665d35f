import os
import stat
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from oduflow.domain.errors import Conflict, Failure, Invalid, NotFound
from oduflow.domain.file_paths import MAX_DEPTH
from oduflow.files import untrusted_tree
from oduflow.files.untrusted_tree import UntrustedTree

LIMIT = 1000
SWAP = """
import ctypes, os, sys
os.chdir(sys.argv[1])
exchange = ctypes.CDLL(None).renameat2  # atomic: neither name is ever missing, renameat2(2)
while exchange(-100, b"way", -100, b"way.link", 2) == 0:
    pass
"""


def parts(path):
    return tuple(path.split("/"))


def test_a_file_is_read_below_its_folders(tree, root):
    (root / "a" / "b").mkdir(parents=True)
    (root / "a" / "b" / "c.py").write_bytes(b"x = 1\n")

    assert tree.read(parts("a/b/c.py"), LIMIT) == b"x = 1\n"


@pytest.mark.parametrize("path", ["none", "none/deeper", "a/none"])
def test_a_missing_file_is_not_found(tree, root, path):
    (root / "a").mkdir()

    with pytest.raises(NotFound):
        tree.read(parts(path), LIMIT)


def test_a_file_above_the_limit_is_refused_with_its_size(tree, root):
    with (root / "huge").open("wb") as file:
        file.truncate(1 << 40)  # sparse: nothing of it may be read

    with pytest.raises(Invalid, match="1,099,511,627,776 bytes"):
        tree.read(("huge",), LIMIT)


@pytest.mark.parametrize("target", ["/etc/passwd", "../outside/secret", "inside", "loop", "gone"])
def test_a_link_is_neither_read_nor_written_wherever_it_leads(tree, root, outside, target):
    (root / "inside").write_text("inside")
    (root / "loop").symlink_to("loop")
    (root / "link").symlink_to(target)

    with pytest.raises(Invalid, match="symbolic link to"):
        tree.read(("link",), LIMIT)
    with pytest.raises(Invalid, match="symbolic link to"):
        write(tree, "link", b"mine")
    assert (root / "link").readlink() == Path(target)
    assert (outside / "secret").read_text() == "secret"
    assert (root / "inside").read_text() == "inside"


@pytest.mark.parametrize("target", ["/", "../outside", "folder", "."])
def test_no_path_leads_through_a_link(tree, root, outside, target):
    (root / "folder").mkdir()
    (root / "folder" / "secret").write_text("x")
    (root / "way").symlink_to(target)

    for path in ("way/secret", "way/new", "way/new/deeper"):
        with pytest.raises(Invalid, match="way is a symbolic link"):
            write(tree, path, b"mine")
    with pytest.raises(Invalid):
        tree.read(parts("way/secret"), LIMIT)
    with pytest.raises(Invalid):
        tree.delete(parts("way/secret"))
    with pytest.raises(Invalid):
        list(tree.files(("way",)))
    assert (outside / "secret").read_text() == "secret"
    assert sorted(path.name for path in outside.iterdir()) == ["secret"]


def test_fifos_and_sockets_are_not_opened(tree, root):
    os.mkfifo(root / "fifo")
    os.mknod(root / "socket", stat.S_IFSOCK | 0o600)

    for name in ("fifo", "socket"):
        with pytest.raises(Invalid, match="not a regular file"):
            tree.read((name,), LIMIT)
        with pytest.raises(Invalid, match="not a regular file"):
            write(tree, name, b"x")
    assert [entry.parts for entry in tree.files()] == []


def test_a_file_that_becomes_a_fifo_after_the_check_is_not_waited_for(tree, root, monkeypatch):
    os.mkfifo(root / "fifo")
    (root / "file").write_text("x")
    regular = (root / "file").stat()
    monkeypatch.setattr(untrusted_tree, "_facts", lambda *_: regular)

    with pytest.raises(Invalid, match="not a regular file"):
        tree.read(("fifo",), LIMIT)


def test_a_file_that_becomes_a_link_after_the_check_is_not_followed(tree, root, monkeypatch):
    (root / "file").write_text("x")
    (root / "link").symlink_to("file")
    regular = (root / "file").stat()
    monkeypatch.setattr(untrusted_tree, "_facts", lambda *_: regular)

    with pytest.raises(Invalid, match="cannot be read"):
        tree.read(("link",), LIMIT)


@pytest.mark.thorough
def test_a_folder_that_is_exchanged_for_a_link_all_the_time_never_leads_out(
    tree, root, outside, temporary
):
    (root / "way").mkdir()
    (root / "way" / "secret").write_text("inside")
    (root / "way.link").symlink_to(outside)
    seen, end = set(), time.monotonic() + 2
    with subprocess.Popen([sys.executable, "-c", SWAP, str(root)]) as swapping:
        while time.monotonic() < end:
            try:
                seen.add(tree.read(("way", "secret"), LIMIT))
            except Failure:
                seen.add(b"refused")
            with suppress(Failure, OSError):
                tree.write(("way", "new"), b"x", temporary)
            with suppress(Failure, OSError):
                tree.delete(("way", "new"))
        assert swapping.poll() is None, "it exchanged them all the time"
        swapping.kill()

    assert seen == {b"inside", b"refused"}
    assert sorted(path.name for path in outside.iterdir()) == ["secret"]
    assert (outside / "secret").read_text() == "secret"


def test_a_root_that_is_a_link_or_missing_has_no_files(tmp_path):
    (tmp_path / "link").symlink_to("/etc")

    for name in ("link", "none"):
        with pytest.raises(NotFound):
            UntrustedTree(tmp_path / name).read(("passwd",), LIMIT)


def test_a_new_file_gets_its_folders_readable_for_all_under_any_umask(tree, root):
    umask = os.umask(0o077)
    try:
        assert write(tree, "a/b/c.py", b"x") is True
    finally:
        os.umask(umask)

    modes = [(root / path).stat().st_mode & 0o777 for path in ("a", "a/b", "a/b/c.py")]
    assert modes == [0o755, 0o755, 0o644]
    assert (root / "a/b/c.py").read_bytes() == b"x"


def test_a_written_file_keeps_its_mode_and_is_another_inode(tree, root):
    (root / "run.sh").write_text("old")
    (root / "run.sh").chmod(0o4755)
    inode = (root / "run.sh").stat().st_ino

    assert write(tree, "run.sh", b"new") is False

    facts = (root / "run.sh").stat()
    assert facts.st_mode & 0o7777 == 0o755, "set-user-id is not kept"
    assert facts.st_ino != inode
    assert (root / "run.sh").read_bytes() == b"new"


def test_a_hard_link_of_a_file_elsewhere_keeps_its_content(tree, root, outside):
    os.link(outside / "secret", root / "linked")

    write(tree, "linked", b"mine")

    assert (outside / "secret").read_text() == "secret"


def test_a_write_that_fails_leaves_nothing(tree, root, temporary, monkeypatch):
    (root / "old").write_text("old")

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    for path in ("old", "new/folder/file"):
        with pytest.raises(OSError, match="No space"):
            write(tree, path, b"x")

    assert (root / "old").read_text() == "old"
    assert [path.name for path in root.iterdir()] == ["old"]
    assert not temporary.exists()


def test_what_a_kill_left_of_a_write_is_replaced(tree, root, temporary):
    temporary.write_text("half")

    write(tree, "file", b"whole")

    assert (root / "file").read_bytes() == b"whole"
    assert not temporary.exists()


@pytest.mark.parametrize("path", ["folder", "file/deeper"])
def test_a_folder_is_no_file_and_a_file_no_folder(tree, root, path):
    (root / "folder").mkdir()
    (root / "file").write_text("x")

    with pytest.raises(Invalid):
        write(tree, path, b"x")
    with pytest.raises(Invalid):
        tree.read(parts(path), LIMIT)


def test_a_name_that_no_file_can_have_is_refused(tree):
    with pytest.raises(Invalid):
        tree.read(("x" * 300,), LIMIT)


def test_a_deletion_removes_the_file_or_the_link_and_empty_folders(tree, root, outside):
    (root / "a" / "b").mkdir(parents=True)
    (root / "a" / "b" / "c").write_text("x")
    (root / "link").symlink_to(outside / "secret")

    tree.delete(parts("a/b/c"))
    tree.delete(("link",))

    assert list(root.iterdir()) == []
    assert (outside / "secret").exists()
    with pytest.raises(NotFound):
        tree.delete(("link",))


def test_a_folder_is_not_deleted(tree, root):
    (root / "a").mkdir()

    with pytest.raises(Invalid, match="a is a folder"):
        tree.delete(("a",))


def test_files_are_listed_by_path_links_with_their_targets_and_gits_own_left_out(tree, root):
    for path in ("b/z.py", "b/a.py", "a.py", ".git/config", "b/.GIT/config", "c/.gitignore"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("x")
    (root / "link").symlink_to("/etc")
    (root / "bad\nname").write_text("x")
    Path(os.fsdecode(os.fsencode(root) + b"/\xff")).write_text("x")

    found = [("/".join(entry.parts), entry.target) for entry in tree.files()]

    assert found == [
        ("a.py", ""),
        ("link", "/etc"),
        ("b/a.py", ""),
        ("b/z.py", ""),
        ("c/.gitignore", ""),
    ]
    assert [entry.parts for entry in tree.files(("b",))] == [("b", "a.py"), ("b", "z.py")]
    assert [entry.parts for entry in tree.files(("b", "a.py"))] == [("b", "a.py")]


def test_too_many_files_are_not_listed(tree, root, monkeypatch):
    monkeypatch.setattr(untrusted_tree, "MOST_ENTRIES", 3)
    for number in range(4):
        (root / str(number)).touch()

    with pytest.raises(Conflict, match="more than 3 files"):
        list(tree.files())


def test_a_very_deep_tree_is_listed_as_far_as_paths_go(tree, root):
    deep = root
    for _ in range(MAX_DEPTH + 5):
        deep /= "d"
    deep.mkdir(parents=True)
    (deep / "file").touch()
    (root / "file").touch()

    assert [entry.parts for entry in tree.files()] == [("file",)]


def write(tree, path, content):
    return tree.write(parts(path), content, tree.root.parent / "edit.new")


@pytest.fixture
def root(tmp_path):
    (tmp_path / "checkout").mkdir()
    return tmp_path / "checkout"


@pytest.fixture
def temporary(tmp_path):
    return tmp_path / "edit.new"


@pytest.fixture
def outside(tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_text("secret")
    return tmp_path / "outside"


@pytest.fixture
def tree(root):
    return UntrustedTree(root)
