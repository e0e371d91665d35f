import pytest

from oduflow.domain.errors import QuotaReached, UpstreamFailed
from oduflow.services.server.disk import RESERVE_BYTES, Disk

MORE_THAN_THERE_IS = 1 << 60


def test_enough_room_is_no_word_worth(tmp_path):
    Disk(tmp_path, minimum=1).require()


def test_too_little_room_names_how_much_there_is_and_how_much_is_needed(tmp_path):
    with pytest.raises(QuotaReached, match="MiB are free") as refused:
        Disk(tmp_path, minimum=MORE_THAN_THERE_IS).require()

    assert f"{MORE_THAN_THERE_IS >> 20} MiB" in refused.value.hint


def test_a_folder_that_is_not_there_is_no_defect(tmp_path):
    with pytest.raises(UpstreamFailed, match="cannot be written"):
        Disk(tmp_path / "gone").require()


def test_the_reserve_takes_its_space_once_and_gives_it_up(tmp_path):
    disk = Disk(tmp_path, minimum=1)

    disk.hold_reserve()
    held = disk.reserve.stat()
    disk.hold_reserve()

    assert held.st_size == RESERVE_BYTES
    assert disk.reserve.stat().st_ino == held.st_ino
    disk.give_up_reserve()
    disk.give_up_reserve()
    assert list(tmp_path.iterdir()) == []


def test_where_little_is_free_no_reserve_is_taken(tmp_path):
    Disk(tmp_path, minimum=MORE_THAN_THERE_IS).hold_reserve()

    assert list(tmp_path.iterdir()) == []


def test_a_reserve_that_does_not_fit_leaves_nothing(tmp_path):
    Disk(tmp_path, minimum=1, reserve_bytes=MORE_THAN_THERE_IS).hold_reserve()

    assert list(tmp_path.iterdir()) == []
