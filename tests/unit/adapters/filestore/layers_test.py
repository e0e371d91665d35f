import errno
import os
from pathlib import Path

import pytest

from oduflow.adapters.filestore import layers as module
from oduflow.adapters.filestore.layers import FIRST, Layers
from oduflow.domain.errors import UpstreamFailed

OWN = (os.getuid(), os.getgid())


def test_a_new_generation_is_used_from_the_switch_on(layers):
    layers.make(FIRST, *OWN)
    layers.switch(FIRST)
    (layers.upper / "file").write_text("old")
    layers.make("gen-a", *OWN)

    assert layers.current == FIRST
    assert (layers.upper / "file").read_text() == "old"

    layers.switch("gen-a")

    assert layers.current == "gen-a"
    assert list(layers.upper.iterdir()) == []
    assert layers.work.is_dir()


def test_without_a_generation_none_is_in_use(layers):
    assert layers.current == ""
    assert layers.generations() == ()


def test_a_generation_begins_with_the_files_of_its_source(layers, tmp_path):
    (tmp_path / "source" / "ab").mkdir(parents=True)
    (tmp_path / "source" / "ab" / "abc").write_text("attachment")

    layers.make(FIRST, *OWN, source=tmp_path / "source")
    layers.switch(FIRST)

    assert (layers.upper / "ab" / "abc").read_text() == "attachment"


def test_a_copied_generation_is_on_the_disk_before_it_is_used(layers, tmp_path, synchronised):
    (tmp_path / "source").mkdir()

    layers.make(FIRST, *OWN, source=tmp_path / "source")

    assert synchronised == [layers.root / FIRST]


def test_a_generation_made_of_a_snapshot_holds_it_until_a_file_differs(layers):
    layers.make(FIRST, *OWN)
    layers.switch(FIRST)
    (layers.upper / "ab" / "c").mkdir(parents=True)
    (layers.upper / "ab" / "c" / "abc").write_text("attachment")
    (layers.upper / "ab" / "link").symlink_to("c")
    layers.keep("a")
    layers.make("gen-a", *OWN, source=layers.files_of("a"))
    layers.switch("gen-a")
    assert layers.holds("a")

    for spoil in (
        lambda: (layers.upper / "ab" / "c" / "abc").write_text("other file"),  # of the same size
        lambda: (layers.upper / "ab" / "c" / "abc").rename(layers.upper / "abc"),
        (layers.upper / "new").mkdir,
        (layers.upper / "ab" / "link").unlink,
    ):
        layers.make("gen-b", *OWN, source=layers.files_of("a"))
        layers.switch("gen-b")
        assert layers.holds("a")
        spoil()
        assert not layers.holds("a")
        layers.switch(FIRST)


def test_a_snapshot_without_files_is_held_by_nothing(layers):
    layers.make(FIRST, *OWN)
    layers.switch(FIRST)
    assert not layers.holds("gone")


@pytest.mark.parametrize("other_disk", [False, True])
def test_a_snapshots_files_become_a_generation_of_another_filestore(
    layers, tmp_path, monkeypatch, other_disk
):
    layers.make(FIRST, *OWN)
    layers.switch(FIRST)
    (layers.upper / "file").write_text("kept")
    layers.keep("a")
    (tmp_path / "copy").mkdir()
    copy = Layers(tmp_path / "copy")
    if other_disk:

        def rename(_path, _target):
            raise OSError(errno.EXDEV, "other disk")

        monkeypatch.setattr(Path, "rename", rename)

    copy.adopt(FIRST, layers.files_of("a"))
    copy.switch(FIRST)

    assert (copy.upper / "file").read_text() == "kept"
    assert copy.work.is_dir()
    assert layers.files_of("a").exists() is other_disk
    layers.forget("a")
    assert (layers.upper / "file").read_text() == "kept"


def test_files_that_are_gone_become_no_generation(layers):
    with pytest.raises(UpstreamFailed):
        layers.adopt(FIRST, layers.files_of("a"))


def test_a_kept_generation_is_written_to_the_disk_when_odoo_no_longer_waits(layers, synchronised):
    layers.make(FIRST, *OWN)
    layers.switch(FIRST)

    layers.keep("a")
    assert synchronised == []

    layers.synchronise()
    assert synchronised == [layers.root]


def test_the_rest_of_a_killed_generation_is_replaced(layers):
    (layers.root / "gen-a" / "upper").mkdir(parents=True)
    (layers.root / "gen-a" / "upper" / "half").touch()
    (layers.root / "current.new").symlink_to("gen-gone")

    layers.make("gen-a", *OWN)
    layers.switch("gen-a")

    assert list(layers.upper.iterdir()) == []


def test_the_generation_in_use_is_not_removed_and_others_are(layers):
    layers.make(FIRST, *OWN)
    layers.make("gen-a", *OWN)
    layers.switch("gen-a")

    layers.remove(FIRST)
    layers.remove(FIRST)

    assert layers.generations() == ("gen-a",)
    with pytest.raises(UpstreamFailed, match="in use"):
        layers.remove("gen-a")


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    with pytest.raises(UpstreamFailed, match="could not be prepared: No such file"):
        Layers(tmp_path / "gone").make(FIRST, *OWN)
    with pytest.raises(UpstreamFailed, match="could not be exchanged: No such file"):
        Layers(tmp_path / "gone").switch(FIRST)


@pytest.fixture
def synchronised(monkeypatch):
    """Record the folders whose file systems are written to the disk."""
    folders: list[Path] = []
    monkeypatch.setattr(module, "synchronise", folders.append)
    return folders


@pytest.fixture
def layers(tmp_path):
    root = tmp_path / "layers"
    root.mkdir()
    return Layers(root)
