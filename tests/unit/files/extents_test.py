import os
import tracemalloc
from array import array
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from oduflow.files import extents
from oduflow.files.extents import BlockUse, Memory, distinct_bytes

MIB = 1 << 20


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder on a disk: a file in memory has no extents."""
    with TemporaryDirectory(dir="/var/tmp") as folder:
        yield Path(folder)


def test_blocks_that_several_files_share_count_once():
    first, second = array("Q", (100, 50, 300, 10)), array("Q", (120, 50, 300, 10, 500, 1))
    assert distinct_bytes([first]) == 60
    assert distinct_bytes([first, second]) == 70 + 10 + 1
    assert distinct_bytes([]) == 0


def test_files_of_a_disk_without_shared_blocks_are_all_their_own(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(os.urandom(MIB))
    os.link(tmp_path / "a", tmp_path / "hard link")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "b").write_bytes(os.urandom(MIB))
    (tmp_path / "left out").mkdir()
    (tmp_path / "left out" / "c").write_bytes(os.urandom(MIB))
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/etc")

    for reflinks in (False, True):  # FIEMAP says the same as the number of blocks
        use = BlockUse()
        use.add(
            tmp_path,
            skip=frozenset({str(tmp_path / "left out")}),
            reflinks=reflinks,
            pause=lambda: None,
        )
        assert 2 * MIB <= use.own < 2 * MIB + 64 * 1024
        assert use.shared_bytes() == 0


def test_many_runs_of_blocks_are_covered_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extents, "_RUN", 3)
    begins = [7 * number % 50 * 10 for number in range(50)]
    blocks = array("Q", (part for begin in begins for part in (begin, 15)))
    paused: list[int] = []
    monkeypatch.setattr(extents, "_EXTENTS_OF_A_PAUSE", 20)

    assert distinct_bytes([blocks, blocks], lambda: paused.append(1)) == 505
    assert len(paused) > 3


def test_the_names_of_a_linked_file_are_not_kept(tmp_path: Path) -> None:
    (tmp_path / "0").write_bytes(os.urandom(MIB))
    for number in range(1, 3000):
        os.link(tmp_path / "0", tmp_path / f"{number}")
    use = BlockUse()
    tracemalloc.start()
    try:
        use.add(tmp_path, skip=frozenset(), reflinks=True, pause=lambda: None)
        _now, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert MIB <= use.own < MIB + 64 * 1024
    assert most < 100_000


def test_what_is_kept_of_links_and_shared_blocks_is_limited_and_counts_all_the_more(
    tmp_path: Path,
) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        folder.mkdir()
    for number in range(4):
        (one / f"{number}").write_bytes(os.urandom(MIB))
        os.link(one / f"{number}", other / f"{number}")
    os.sync()

    for memory in (Memory(links=1), Memory(extents=1)):
        use = BlockUse(memory)
        use.add(one, skip=frozenset(), reflinks=True, pause=lambda: None)
        assert len(use.shared) <= 2
        assert use.own + use.shared_bytes() >= 4 * MIB


def test_a_file_of_many_extents_is_paused_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extents, "_EXTENTS_OF_A_PAUSE", 4)
    monkeypatch.setattr(extents, "_MOST", 2)
    with (tmp_path / "sparse").open("wb") as file:
        for number in range(40):
            file.seek(number * MIB)
            file.write(b"x")
    os.sync()

    class TooLong(Exception):
        pass

    def give_up() -> None:
        raise TooLong

    with pytest.raises(TooLong):
        BlockUse().add(tmp_path, skip=frozenset(), reflinks=True, pause=give_up)


def test_a_folder_that_is_missing_takes_nothing(tmp_path: Path) -> None:
    use = BlockUse()
    use.add(tmp_path / "gone", skip=frozenset(), reflinks=True, pause=lambda: None)
    assert use.own == 0


def test_a_file_that_another_folder_has_a_link_to_is_shared_and_counts_once(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        folder.mkdir()
    (one / "linked").write_bytes(os.urandom(MIB))
    os.sync()  # a file has no place on the disk before
    os.link(one / "linked", one / "again")
    os.link(one / "linked", other / "linked")

    for reflinks in (False, True):
        uses = [BlockUse(), BlockUse()]
        for use, folder in zip(uses, (one, other), strict=True):
            use.add(folder, skip=frozenset(), reflinks=reflinks, pause=lambda: None)
            assert use.own == 0
            assert use.shared_bytes() == MIB
        assert distinct_bytes([use.shared for use in uses]) == MIB
