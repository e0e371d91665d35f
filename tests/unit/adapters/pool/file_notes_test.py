import os
import resource
from pathlib import Path

from oduflow.adapters.pool.file_notes import FileNotes

FILES = 200_000


def test_the_first_copy_is_returned_until_it_is_forgotten(tmp_path: Path) -> None:
    notes, odd = FileNotes(tmp_path), Path("/pool/a/\udcff")
    (tmp_path / "file").touch()
    file = (tmp_path / "file").stat()

    assert notes.first_copy(file, odd) == odd
    assert notes.first_copy(file, Path("/pool/b/x")) == odd
    notes.forget_copies(Path("/pool"[:-1]))
    assert notes.first_copy(file, Path("/pool/b/x")) == odd
    notes.forget_copies(Path("/pool/a"))
    assert notes.first_copy(file, Path("/pool/b/x")) == Path("/pool/b/x")
    notes.forget_copies()
    assert notes.first_copy(file, odd) == odd
    notes.close()


def test_a_copy_is_alike_for_the_look_that_it_was_compared_with(tmp_path: Path) -> None:
    notes, copy = FileNotes(tmp_path), Path("/pool/a/\udcff")

    notes.note_alike(copy, (1, 2, 3, 4, 5))

    assert notes.is_alike(copy, (1, 2, 3, 4, 5))
    assert not notes.is_alike(copy, (1, 2, 3, 4, 6))
    notes.forget_alike(copy)
    assert not notes.is_alike(copy, (1, 2, 3, 4, 5))
    notes.close()


def test_memory_does_not_grow_with_the_number_of_files(tmp_path: Path) -> None:
    notes = FileNotes(tmp_path)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    for number in range(FILES):
        file = os.stat_result((0o100644, number, 1, 2, 0, 0, 0, 0, 0, 0))
        notes.first_copy(file, Path(f"/pool/volume/_data/filestore/{number:040d}"))

    assert list(tmp_path.iterdir()) == []  # nothing stays when the process is killed
    assert _open_bytes(tmp_path) > 8 << 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 24 << 10
    notes.close()


def _open_bytes(folder: Path) -> int:
    """Return the size of the open files that were made in a folder."""
    links = [each for each in Path("/proc/self/fd").iterdir() if each.is_symlink()]
    return sum(
        os.fstat(int(each.name)).st_size
        for each in links
        if each.is_symlink() and str(each.readlink()).startswith(str(folder))
    )
