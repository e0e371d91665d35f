"""Tell whether two folders have the same files, by what the file system says of each."""

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from oduflow.adapters.filestore.marks import OPAQUE
from oduflow.files.usage import FoundEntry, entries_below

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_DIGEST_BITS = 256


def listing(folder: Path) -> tuple[int, int]:
    """Return how many files and folders a folder has, and a digest that does not depend on order.

    The memory that it takes does not grow with the folder. Owners are left out: a copy may belong
    to another image's user. Contents are too; a file that was changed has another time of change.

    Raises:
        OSError: a folder cannot be read.
    """
    count, total = 0, 0
    for entry in entries_below(folder):
        described = hashlib.sha256(repr((entry.place, *_facts(entry))).encode()).digest()
        count, total = count + 1, (total + int.from_bytes(described)) % (1 << _DIGEST_BITS)
    return count, total


def _facts(entry: FoundEntry) -> Iterator[object]:
    seen = entry.seen
    yield from (entry.name, stat.S_IFMT(seen.st_mode), seen.st_mode & 0o777, seen.st_rdev)
    if stat.S_ISREG(seen.st_mode):
        yield from (seen.st_size, seen.st_mtime_ns)
    elif stat.S_ISLNK(seen.st_mode):
        yield os.readlink(entry.name, dir_fd=entry.folder)
    elif stat.S_ISDIR(seen.st_mode):
        yield _is_opaque(entry)


def _is_opaque(entry: FoundEntry) -> bytes:
    opened = os.open(entry.name, _FOLDER, dir_fd=entry.folder)
    try:
        with suppress(OSError):  # it has no such mark, or the file system keeps none
            return os.getxattr(opened, OPAQUE)
        return b""
    finally:
        os.close(opened)
