import os
import subprocess
import sys
from pathlib import Path

import pytest

from oduflow.adapters.filestore.clone import (
    clone_filestore,
    own_tree,
    prepare_volume,
    remove_tree,
)
from oduflow.domain.errors import UpstreamFailed
from tests.support.processes import wait_until_gone
from tests.support.server import eventually
from tests.support.tree import ROOT


def test_a_volume_is_laid_out_for_odoos_user(tmp_path):
    prepare_volume(tmp_path, os.getuid(), os.getgid())
    prepare_volume(tmp_path, os.getuid(), os.getgid())

    assert sorted(path.name for path in tmp_path.iterdir()) == ["addons", "filestore", "sessions"]
    assert all(path.stat().st_uid == os.getuid() for path in tmp_path.iterdir())


def test_a_volume_that_cannot_be_written_is_a_failure_with_a_next_step(tmp_path):
    with pytest.raises(UpstreamFailed) as failed:
        prepare_volume(tmp_path / "gone" / "root", os.getuid(), os.getgid())

    assert "oduflow doctor" in failed.value.hint
    assert str(tmp_path) not in failed.value.message
    assert isinstance(failed.value.__cause__, OSError)


def test_a_filestore_is_copied_under_the_new_databases_name(source, target):
    clone_filestore(source, "tpl_a", target, "env_b")

    assert (target / "filestore/env_b/ab/abc").read_text() == "attachment"
    assert (source / "filestore/tpl_a/ab/abc").read_text() == "attachment"


def test_a_clone_is_a_copy_of_its_own(source, target):
    clone_filestore(source, "tpl_a", target, "env_b")
    (target / "filestore/env_b/ab/abc").write_text("changed")

    assert (source / "filestore/tpl_a/ab/abc").read_text() == "attachment"


def test_what_a_killed_copy_left_behind_is_replaced(source, target):
    (target / "filestore/env_b/half").mkdir(parents=True)

    clone_filestore(source, "tpl_a", target, "env_b")

    assert [path.name for path in (target / "filestore/env_b").iterdir()] == ["ab"]


def test_a_clone_is_given_to_odoos_user_and_no_link_is_followed(source, target, tmp_path, owners):
    (source / "filestore/tpl_a/link").symlink_to(tmp_path / "outside")
    (tmp_path / "outside").touch()
    clone_filestore(source, "tpl_a", target, "env_b")

    own_tree(target / "filestore/env_b", 1900000001, 101)

    base = target / "filestore/env_b"
    assert owners[-1] == (base, 1900000001, 101)
    assert {path for path, *_ in owners[:-1]} >= {base / "ab", base / "ab/abc"}
    assert (base / "link", 1900000001, 101) in owners


def test_a_clone_of_the_right_user_and_an_absent_one_are_left_alone(source, target, owners):
    clone_filestore(source, "tpl_a", target, "env_b")

    own_tree(target / "filestore/env_b", os.getuid(), os.getgid())
    own_tree(target / "filestore/absent", 1900000001, 101)

    assert owners == []


def test_folders_that_are_nested_deeper_than_python_recurses_are_no_obstacle(tmp_path, owners):
    deep, levels = tmp_path / "deep", sys.getrecursionlimit() + 200
    nest(deep, levels)
    try:
        own_tree(deep, 1900000001, 101)
        remove_tree(deep)

        assert len(owners) == levels + 1
        assert not deep.exists()
    finally:
        subprocess.run(["rm", "-rf", str(deep)], check=True)  # pytest's own removal recurses


def test_a_tree_that_cannot_be_removed_is_told(tmp_path, monkeypatch):
    def busy(command, **_):
        raise subprocess.CalledProcessError(1, command, "", "rm: Device or resource busy")

    monkeypatch.setattr(subprocess, "run", busy)

    with pytest.raises(UpstreamFailed) as told:
        remove_tree(tmp_path)

    assert told.value.output == "rm: Device or resource busy"


def test_a_link_is_copied_as_a_link(source, target):
    (source / "filestore/tpl_a/link").symlink_to("/etc/passwd")

    clone_filestore(source, "tpl_a", target, "env_b")

    assert (target / "filestore/env_b/link").is_symlink()


def test_a_template_without_a_filestore_gives_none(tmp_path, target):
    clone_filestore(tmp_path / "empty", "tpl_a", target, "env_b")

    assert list((target / "filestore").iterdir()) == []


def test_a_failed_copy_is_told_with_what_cp_said(source, tmp_path):
    with pytest.raises(UpstreamFailed, match="could not be copied: a program failed") as failed:
        clone_filestore(source, "tpl_a", tmp_path / "missing", "env_b")

    assert failed.value.output.startswith("cp: ")


def test_a_full_disk_is_told_by_name(source, target, monkeypatch):
    def full(command, **_):
        raise subprocess.CalledProcessError(1, command, "", "cp: No space left on device")

    monkeypatch.setattr(subprocess, "run", full)

    with pytest.raises(UpstreamFailed, match="the disk is full"):
        clone_filestore(source, "tpl_a", target, "env_b")


def test_a_copy_ends_when_the_process_that_asked_for_it_is_killed(source, target, tmp_path):
    copy = tmp_path / "bin" / "cp"
    copy.parent.mkdir()
    copy.write_text(f"#!/bin/sh\ntouch {tmp_path}/began\nfor n in $(seq 200); do sleep 0.1; done\n")
    copy.chmod(0o755)
    program = (
        "from pathlib import Path\n"
        "from oduflow.adapters.filestore.clone import clone_filestore\n"
        f"clone_filestore(Path({str(source)!r}), 'tpl_a', Path({str(target)!r}), 'env_b')"
    )
    environment = os.environ | {"PATH": f"{copy.parent}:{os.environ['PATH']}"}
    asker = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, env=environment)
    eventually((tmp_path / "began").exists, 10)

    asker.kill()
    asker.wait()

    assert wait_until_gone(str(copy)) == []


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "source" / "filestore" / "tpl_a" / "ab"
    folder.mkdir(parents=True)
    (folder / "abc").write_text("attachment")
    return tmp_path / "source"


@pytest.fixture
def target(tmp_path):
    prepared = tmp_path / "target"
    (prepared / "filestore").mkdir(parents=True)
    return prepared


@pytest.fixture
def owners(monkeypatch):
    """Record changes of owners, which only root may make."""
    given = []

    def chown(path, uid, gid, *, follow_symlinks, dir_fd=None):
        assert not follow_symlinks
        folder = Path() if dir_fd is None else Path(f"/proc/self/fd/{dir_fd}").readlink()
        given.append((folder / path, uid, gid))

    monkeypatch.setattr(os, "chown", chown)
    return given


def nest(folder, levels):
    """Make folders in folders."""
    folder.mkdir()
    here = os.open(folder, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir("a", dir_fd=here)
        below = os.open("a", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
