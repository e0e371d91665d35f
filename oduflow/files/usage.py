"""How much of the disk a folder takes."""

import errno
import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from oduflow.files.reflink import has_reflinks

STAT_BLOCK_BYTES = 512  # the unit of st_blocks, stat(2)
MAX_WAITING = 250_000  # folders whose names are kept at once; Odoo's have a few thousand
MOST_LINKS = 1 << 20  # files of several names that are told apart, of 100 bytes; others count again
_GONE = (FileNotFoundError, NotADirectoryError)
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class FoundEntry:
    """A file or folder below a folder.

    Attributes:
        folder: the open folder that it is in, until the next entry is asked for.
        name: its name in that folder.
        seen: what it is, of a link the link itself.
        place: a digest of the path of that folder, the same in a copy.
    """

    folder: int
    name: str
    seen: os.stat_result
    place: bytes


def entries_below(folder: Path, skip: frozenset[str] = frozenset()) -> Iterator[FoundEntry]:
    """Yield every file and folder below a folder; what vanishes meanwhile is left out.

    Each folder is opened relative to the one that it is in, because a path may lead elsewhere once
    its owner has exchanged a folder of it for a link.

    Args:
        folder: the folder, which need not exist.
        skip: paths of folders that are left out with their content.

    Raises:
        OSError: a folder cannot be read, or there are too many folders in one another.
    """
    with suppress(*_GONE):
        root = os.open(folder, _FOLDER)
        try:
            yield from _Walk(root, str(folder), skip).entries()
        finally:
            os.close(root)


@dataclass(slots=True)
class _Level:
    """A folder that was listed: its name, its path if that matters, and what it is."""

    name: str
    path: str
    identity: tuple[int, int]
    place: bytes = b""
    waiting: list[str] = field(default_factory=list)


class _Walk:
    """Walks through folders, of which two are open at a time however deep they are nested."""

    def __init__(self, root: int, path: str, skip: frozenset[str]) -> None:
        self._root, self._skip = root, skip
        self._longest = max(map(len, skip), default=0)
        self._levels = [_Level("", path, _identity(root))]
        self._open = os.dup(root)
        self._waiting = 0

    def entries(self) -> Iterator[FoundEntry]:
        """Yield every entry."""
        try:
            yield from self._list()
            while self._levels:
                if not self._levels[-1].waiting:
                    self._leave()
                elif self._enter():
                    yield from self._list()
        finally:
            os.close(self._open)

    def _list(self) -> Iterator[FoundEntry]:
        level = self._levels[-1]
        with os.scandir(self._open) as found:
            for each in found:
                try:
                    seen = os.stat(each.name, dir_fd=self._open, follow_symlinks=False)
                except _GONE:
                    continue
                if stat.S_ISDIR(seen.st_mode):
                    if self._path(level, each.name) in self._skip:
                        continue
                    level.waiting.append(each.name)
                    self._waiting += 1
                    if self._waiting + len(self._levels) > MAX_WAITING:
                        reason = f"More than {MAX_WAITING} folders lie in one another"
                        raise OSError(errno.EMLINK, reason, self._levels[0].path)
                yield FoundEntry(self._open, each.name, seen, level.place)

    def _enter(self) -> bool:
        """Open the next folder; return whether it is still there."""
        level = self._levels[-1]
        name = level.waiting.pop()
        self._waiting -= 1
        try:
            opened = os.open(name, _FOLDER, dir_fd=self._open)
        except _GONE:
            return False
        self._go(opened)
        place = hashlib.sha256(level.place + os.fsencode(name)).digest()
        self._levels.append(_Level(name, self._path(level, name), _identity(opened), place))
        return True

    def _leave(self) -> None:
        """Go back to the folder above, or to what is left of the way if it was moved."""
        self._levels.pop()
        if not self._levels:
            return
        self._go(os.open("..", _FOLDER, dir_fd=self._open))
        if _identity(self._open) == self._levels[-1].identity:
            return
        self._go(os.dup(self._root))
        for number, level in enumerate(self._levels[1:], 1):
            with suppress(*_GONE):
                opened = os.open(level.name, _FOLDER, dir_fd=self._open)
                if _identity(opened) == level.identity:
                    self._go(opened)
                    continue
                os.close(opened)
            self._waiting -= sum(len(lost.waiting) for lost in self._levels[number:])
            del self._levels[number:]
            return

    def _go(self, opened: int) -> None:
        os.close(self._open)
        self._open = opened

    def _path(self, level: _Level, name: str) -> str:
        """Return a folder's path; an empty one where it is longer than all that are left out."""
        path = f"{level.path}/{name}" if level.path else ""
        return path if len(path) <= self._longest else ""


def size_on_disk(folder: Path) -> int:
    """Return the bytes that the files of a folder take; blocks that they share count for each."""
    return sum(entry.seen.st_blocks * STAT_BLOCK_BYTES for entry in entries_below(folder))


def size_of_copies(folders: Iterable[Path]) -> int:
    """Return the bytes that copies of some folders take in which links between them are kept.

    Blocks that files share in another way count for each: a copy does not share them.
    """
    total, linked = 0, set[tuple[int, int]]()
    for entry in chain.from_iterable(map(entries_below, folders)):
        seen = entry.seen
        if seen.st_nlink > 1 and not stat.S_ISDIR(seen.st_mode):
            if (seen.st_dev, seen.st_ino) in linked:
                continue
            if len(linked) < MOST_LINKS:
                linked.add((seen.st_dev, seen.st_ino))
        total += seen.st_blocks * STAT_BLOCK_BYTES
    return total


def size_of_copy(folder: Path) -> int:
    """Return the bytes that a copy beside a folder takes: none where files can share blocks."""
    return 0 if has_reflinks(folder) else size_on_disk(folder)


def _identity(folder: int) -> tuple[int, int]:
    seen = os.fstat(folder)
    return seen.st_dev, seen.st_ino
