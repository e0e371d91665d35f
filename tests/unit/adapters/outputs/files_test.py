import errno
import os
import time
from pathlib import Path

import pytest

from oduflow.adapters.outputs import files
from oduflow.adapters.outputs.files import MAX_BYTES, OutputFiles
from oduflow.domain.errors import QuotaReached, UpstreamFailed
from oduflow.domain.output import OUTPUT_DAYS, OUTPUTS_OF_A_TEAM

DAY = 86_400


def test_only_the_servers_user_can_read_a_text(outputs, folder, free_umask):
    outputs.keep("text", team="1", environment="a")

    (stored,) = (folder / "1").iterdir()
    assert [mode(each) for each in (stored, stored.parent, folder)] == [0o600, 0o700, 0o700]


def test_a_text_of_the_largest_size_is_kept_whole(outputs):
    text = "x" * MAX_BYTES

    assert outputs.read("1", keep(outputs, text)) == text


@pytest.mark.thorough
def test_of_a_longer_text_both_ends_are_kept_at_line_borders(outputs):
    lines = [f"{number:07} ä" for number in range(MAX_BYTES // 8)]

    read = outputs.read("1", keep(outputs, "\n".join(lines)))

    assert len(read.encode()) <= MAX_BYTES
    kept = read.splitlines()
    known = set(lines)
    (gap,) = [number for number, line in enumerate(kept) if line not in known]
    assert kept[:gap] == lines[:gap]
    assert kept[gap + 1 :] == lines[-len(kept[gap + 1 :]) :]
    missing = "\n".join(lines[gap : len(lines) - len(kept[gap + 1 :])])
    assert kept[gap] == f"[{len(missing.encode()) + 2} bytes are omitted here.]"


def test_of_one_endless_line_both_ends_are_kept(outputs):
    read = outputs.read("1", keep(outputs, "a" * MAX_BYTES + "b" * MAX_BYTES))

    assert len(read) <= MAX_BYTES
    assert (read[0], read[-1]) == ("a", "b")
    assert "bytes are omitted here" in read


def test_half_a_character_can_be_stored(outputs):
    assert outputs.read("1", keep(outputs, "odd \udcff")) == "odd ?"


def test_a_team_keeps_its_latest_texts_only(outputs, folder):
    other = outputs.keep("other", team="2", environment="a")
    handles = [aged(outputs, folder, keep(outputs), -1000 + n) for n in range(OUTPUTS_OF_A_TEAM)]

    newest = keep(outputs)

    assert outputs.read("1", handles[0]) is None
    assert outputs.read("1", handles[1]) == outputs.read("1", newest) == "text"
    assert len(list((folder / "1").iterdir())) == OUTPUTS_OF_A_TEAM
    assert outputs.read("2", other) == "other"


def test_a_team_keeps_so_many_bytes_only(outputs, folder, monkeypatch):
    monkeypatch.setattr(files, "MAX_TEAM_BYTES", 25)
    handles = [aged(outputs, folder, keep(outputs, "x" * 10), n - 9) for n in range(2)]

    newest = keep(outputs, "x" * 10)

    assert [outputs.read("1", each) is None for each in (*handles, newest)] == [True, False, False]


def test_pruning_removes_what_is_old_or_of_an_environment_that_is_gone(outputs, folder):
    old = aged(outputs, folder, keep(outputs), -OUTPUT_DAYS * DAY - 60)
    fresh = aged(outputs, folder, keep(outputs), -OUTPUT_DAYS * DAY + 60)
    gone = outputs.keep("text", team="1", environment="gone")
    teams = outputs.keep("text", team="2", environment="")

    assert outputs.prune(lambda: {"a"}) == 2

    assert outputs.read("1", old) is outputs.read("1", gone) is None
    assert outputs.read("1", fresh) == outputs.read("2", teams) == "text"


def test_the_text_of_an_environment_made_while_pruning_is_kept(outputs):
    made: list[str] = []

    def environments():
        made.append(outputs.keep("text", team="1", environment="new"))
        return set()

    assert outputs.prune(environments) == 0
    assert outputs.read("1", made[0]) == "text"


def test_a_file_that_a_kill_left_unfinished_goes_with_its_age_and_is_never_read(outputs, folder):
    handle = keep(outputs)
    unfinished = folder / "1" / f".{'z' * 12}.a.new"
    unfinished.write_text("half")

    assert outputs.prune(set) == 1, "the text whose environment is gone"
    assert outputs.read("1", handle) is None
    assert outputs.read("1", "") is outputs.read("1", "z" * 12) is None
    os.utime(unfinished, (0, 0))
    assert outputs.prune(set) == 1
    assert not unfinished.exists()


def test_there_is_nothing_to_prune_before_the_first_text(outputs):
    assert outputs.prune(set) == 0


@pytest.mark.parametrize(
    ("number", "failure"), [(errno.ENOSPC, QuotaReached), (errno.EIO, UpstreamFailed)]
)
def test_a_write_that_fails_leaves_nothing(outputs, folder, monkeypatch, number, failure):
    def refuse(descriptor: int) -> None:
        raise OSError(number, "no")

    monkeypatch.setattr(os, "fsync", refuse)

    with pytest.raises(failure):
        keep(outputs)

    assert list((folder / "1").iterdir()) == []


def test_a_link_in_place_of_a_text_is_not_followed(outputs, folder, tmp_path):
    handle = keep(outputs)
    (stored,) = (folder / "1").iterdir()
    stored.unlink()
    (tmp_path / "secret").write_text("secret")
    stored.symlink_to(tmp_path / "secret")

    assert outputs.read("1", handle) is None


def keep(outputs: OutputFiles, text: str = "text") -> str:
    return outputs.keep(text, team="1", environment="a")


def aged(outputs: OutputFiles, folder: Path, handle: str, seconds: float) -> str:
    """Set a text's age; return its handle."""
    moment = time.time() + seconds
    (path,) = (folder / "1").glob(f"{handle}.*")
    os.utime(path, (moment, moment))
    return handle


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "outputs"


@pytest.fixture
def outputs(folder):
    return OutputFiles(folder)


@pytest.fixture
def free_umask():
    before = os.umask(0)
    yield
    os.umask(before)
