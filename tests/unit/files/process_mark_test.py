import os
import subprocess

import pytest

from oduflow.files import process_mark as process_mark_module
from oduflow.files.process_mark import is_used, lives, process_mark


def test_what_is_named_after_a_living_process_is_its_own():
    assert lives(f"{process_mark()}-import-1")
    assert lives(process_mark())


def test_a_process_that_got_the_id_of_a_dead_one_does_not_live_for_it():
    process, _, started = process_mark().partition(".")

    assert not lives(f"{process}.{int(started) - 1}-import-1")


def test_what_is_named_after_an_ended_process_is_left_over():
    ended = subprocess.Popen(["true"])
    ended.wait()

    assert not lives(f"{ended.pid}-import-1")
    assert not lives(f"{ended.pid}.1-import-1")


def test_a_name_of_an_earlier_version_is_not_this_process():
    """As of the server in a container, which has the same process id at each start."""
    assert not lives(f"{os.getpid()}-import-1")
    assert lives("1-import-1")


def test_a_folder_of_an_earlier_version_is_used_unless_its_process_began_later(
    tmp_path, monkeypatch
):
    other = subprocess.Popen(["sleep", "30"])
    folder = tmp_path / f"{other.pid}-import-1"
    folder.mkdir()
    try:
        assert is_used(folder)
        monkeypatch.setattr(process_mark_module, "_CLOCK_SECONDS", -60.0)  # changed a minute ago
        assert not is_used(folder)
    finally:
        other.kill()
        other.wait()


def test_a_folder_is_used_while_the_process_works_that_its_mark_names(tmp_path):
    own, others = tmp_path / f"{process_mark()}-import-1", tmp_path / "1.1-import-1"

    assert is_used(own)
    assert not is_used(others)


@pytest.mark.parametrize("name", ["", "git-1", "-1", "x.1"])
def test_a_name_without_a_mark_belongs_to_no_process(name):
    assert not lives(name)
