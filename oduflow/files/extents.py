"""Which blocks of the disk files take, and whether other files share them (FIEMAP).

Tenants decide how many files, links and extents there are: what is kept of them is limited.

Source: Documentation/filesystems/fiemap.rst of the kernel.
"""

import fcntl
import os
import stat
import struct
from array import array
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from heapq import merge
from itertools import chain
from pathlib import Path

from oduflow.files.usage import STAT_BLOCK_BYTES, FoundEntry, entries_below

_FIEMAP = 0xC020660B
_HEADER, _EXTENT = struct.Struct("=QQLLLL"), struct.Struct("=QQQQQLLLL")
_LAST, _SHARED = 0x1, 0x2000
_MOST = 256  # extents in one call
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK  # never waits for a pipe's other end
_PAUSE_EVERY = 256  # files
_EXTENTS_OF_A_PAUSE = 4096
_RUN = 1 << 16  # pairs that are sorted at once, because each takes 150 bytes meanwhile


@dataclass(slots=True)
class Memory:
    """What measuring one team may still keep; what does not fit counts as if no other had it.

    Attributes:
        extents: blocks that several files share, of 16 to 24 bytes.
        links: files with several names, of 100 bytes.
    """

    extents: int = 4 << 20
    links: int = 1 << 20


class Pauses:
    """Calls a function after every few hundred files, or thousands of extents.

    Args:
        pause: the function, which may raise to stop.
    """

    def __init__(self, pause: Callable[[], None]) -> None:
        self._pause = pause
        self._done = 0.0

    def file(self) -> None:
        """Count one file."""
        self._add(1 / _PAUSE_EVERY)

    def extents(self, number: int) -> None:
        """Count extents."""
        self._add(number / _EXTENTS_OF_A_PAUSE)

    def _add(self, part: float) -> None:
        self._done += part
        if self._done >= 1:
            self._done = 0.0
            self._pause()


@dataclass(slots=True)
class BlockUse:
    """The blocks that some files take.

    Attributes:
        memory: what it may keep; of all that is measured for one team the same.
        own: bytes that no other file has, and no other folder a link to.
        shared: where the shared blocks begin and their lengths, in pairs.
    """

    memory: Memory = field(default_factory=Memory)
    own: int = 0
    shared: "array[int]" = field(default_factory=lambda: array("Q"))

    def shared_bytes(self, pause: Callable[[], None] = lambda: None) -> int:
        """Return the bytes in blocks that other files have too, each block counted once."""
        return distinct_bytes([self.shared], pause)

    def add(
        self, folder: Path, *, skip: frozenset[str], reflinks: bool, pause: Callable[[], None]
    ) -> None:
        """Add the files below a folder; what vanishes meanwhile is left out.

        Args:
            folder: the folder, which need not exist.
            skip: paths of folders that are left out with their content.
            reflinks: whether its file system can share blocks; else all of them are its own.
            pause: called every few hundred files; may raise to stop.

        Raises:
            OSError: see `entries_below`.
        """
        pauses, links = Pauses(pause), _Links()
        for entry in entries_below(folder, skip):
            pauses.file()
            seen = entry.seen
            is_file = stat.S_ISREG(seen.st_mode)
            linked = seen.st_nlink > 1 and not stat.S_ISDIR(seen.st_mode)
            if linked and seen.st_ino in links.names:
                links.names[seen.st_ino] -= 1
                continue
            linked = linked and self._keeps_link()
            if linked:
                links.names[seen.st_ino] = seen.st_nlink - 1
            if is_file and seen.st_blocks and (reflinks or linked):
                with suppress(OSError):  # a file system that does not say where its files are
                    self._add_file(entry, links if linked else None, pauses)
                    continue
            self.own += seen.st_blocks * STAT_BLOCK_BYTES
        for inode, begin, length in links.extents():
            pauses.extents(1)
            if links.names[inode]:
                self.shared.extend((begin, length))
            else:
                self.own += length
                self.memory.extents += 1

    def _add_file(self, entry: FoundEntry, links: "_Links | None", pauses: Pauses) -> None:
        for physical, length, flags in _extents(entry, pauses):
            if flags & _SHARED and self._adjoins(physical):
                self.shared[-1] += length
            elif not (flags & _SHARED or links is not None) or not self._keeps_extent():
                self.own += length
            elif flags & _SHARED or links is None:
                self.shared.extend((physical, length))
            else:
                links.found.extend((entry.seen.st_ino, physical, length))

    def _adjoins(self, physical: int) -> bool:
        return bool(self.shared) and self.shared[-2] + self.shared[-1] == physical

    def _keeps_link(self) -> bool:
        self.memory.links -= 1
        return self.memory.links >= 0

    def _keeps_extent(self) -> bool:
        self.memory.extents -= 1
        return self.memory.extents >= 0


class _Links:
    """Files with several names in one folder.

    Attributes:
        names: by inode, how many names were not seen yet; none: no other folder has one.
        found: inode, position and length of their blocks, one after the other.
    """

    def __init__(self) -> None:
        self.names: dict[int, int] = {}
        self.found: array[int] = array("Q")

    def extents(self) -> Iterator[tuple[int, int, int]]:
        """Yield inode, position and length of each."""
        for at in range(0, len(self.found), 3):
            yield self.found[at], self.found[at + 1], self.found[at + 2]


def distinct_bytes(uses: "list[array[int]]", pause: Callable[[], None] = lambda: None) -> int:
    """Return how many bytes of the disk some lists of blocks cover together.

    Args:
        uses: the lists.
        pause: called every few thousand blocks; may raise to stop.
    """
    pauses, runs = Pauses(pause), []
    for use in uses:
        for at in range(0, len(use), 2 * _RUN):
            run = use[at : at + 2 * _RUN]
            runs.append(array("Q", chain.from_iterable(sorted(_pairs(run)))))
            pauses.extents(len(run) // 2)
    covered = end = 0
    for begin, length in merge(*map(_pairs, runs)):
        pauses.extents(1)
        covered += max(0, begin + length - max(begin, end))
        end = max(end, begin + length)
    return covered


def _pairs(blocks: "array[int]") -> Iterator[tuple[int, int]]:
    for at in range(0, len(blocks), 2):
        yield blocks[at], blocks[at + 1]


def _extents(entry: FoundEntry, pauses: Pauses) -> Iterator[tuple[int, int, int]]:
    """Yield physical position, length and flags of each extent of a file."""
    buffer, start = bytearray(_HEADER.size + _MOST * _EXTENT.size), 0
    descriptor = os.open(entry.name, _OPEN, dir_fd=entry.folder)
    try:
        while True:
            _HEADER.pack_into(buffer, 0, start, (1 << 63) - 1 - start, 0, 0, _MOST, 0)
            fcntl.ioctl(descriptor, _FIEMAP, buffer)
            found, flags = _HEADER.unpack_from(buffer)[3], _LAST
            for number in range(found):
                offset = _HEADER.size + number * _EXTENT.size
                logical, physical, length, _, _, flags, *_ = _EXTENT.unpack_from(buffer, offset)
                yield physical, length, flags
                start = logical + length
            if flags & _LAST:
                return
            pauses.extents(found)
    finally:
        os.close(descriptor)
