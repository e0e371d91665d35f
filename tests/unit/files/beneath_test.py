import os

import pytest

from oduflow.files.beneath import LeadsOut, NotReadable, read_beneath

LIMIT = 10


@pytest.fixture
def root(tmp_path):
    (tmp_path / "secret").write_text("secret")
    root = tmp_path / "root"
    (root / "a" / "b").mkdir(parents=True)
    (root / "a" / "b" / "file").write_text("inside")
    return root


@pytest.mark.parametrize("path", ["a/b/file", "./a/b/../b/file", "a/../a/b/file"])
def test_a_file_below_the_folder_is_read(root, path):
    assert read_beneath(root, path, LIMIT) == b"inside"


@pytest.mark.parametrize("target", ["a/b/file", "./a/../a/b/file", "second"])
def test_links_inside_the_folder_are_followed(root, target):
    (root / "second").symlink_to("a/folder/file")
    (root / "a" / "folder").symlink_to("b")
    (root / "link").symlink_to(target)

    assert read_beneath(root, "link", LIMIT) == b"inside"


@pytest.mark.parametrize(
    "path", ["../secret", "a/../../secret", "/etc/hostname", "link", "up/secret"]
)
def test_nothing_outside_the_folder_is_read(root, path, tmp_path):
    (root / "link").symlink_to(tmp_path / "secret")
    (root / "up").symlink_to("..")

    with pytest.raises(LeadsOut):
        read_beneath(root, path, LIMIT)


@pytest.mark.parametrize("path", ["absent", "a/absent/file", "a/b/file/more"])
def test_a_file_that_is_not_there_is_missing(root, path):
    with pytest.raises(FileNotFoundError):
        read_beneath(root, path, LIMIT)


def test_what_is_no_readable_file_is_told(root):
    (root / "large").write_text("x" * 11)
    (root / "loop").symlink_to("loop")
    (root / "dangling").symlink_to("a/nothing")
    os.mkfifo(root / "pipe")
    told = {}
    for name in ("a", "large", "loop", "dangling", "pipe"):
        with pytest.raises(NotReadable) as refused:
            read_beneath(root, name, LIMIT)
        told[name] = str(refused.value)

    assert told == {
        "a": "is a folder",
        "large": "is larger than 0 KiB",
        "loop": "is a link to itself",
        "dangling": "is a link to a file that does not exist",
        "pipe": "is not a regular file",
    }
