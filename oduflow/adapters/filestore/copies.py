"""Copy files into a new folder: what is one file under several names stays one."""

import errno
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field

from oduflow.files.holes import copy_data
from oduflow.files.reflink import clone

MOST_REMEMBERED = 1 << 16  # files; a tenant may make millions that have two names
_LONGEST = 255  # characters of a path that is remembered, several times those of Odoo's own
_NO_LINK = frozenset({errno.EXDEV, errno.EMLINK, errno.EPERM})
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(slots=True)
class Copies:
    """The files that were copied into a new folder, to which nothing else writes.

    Attributes:
        top: the new folder, open.
        owner: user and group of the copies; -1 leaves them as they are, as in chown(2).
        on_bytes: called with the number of bytes of each part that was copied, not of blocks that
            are shared; it may raise.
    """

    top: int
    owner: tuple[int, int]
    on_bytes: Callable[[int], None]
    _made: dict[tuple[int, int], str] = field(default_factory=dict, init=False)

    def add(self, path: str, seen: os.stat_result, source: int, target: int) -> bool:
        """Add a file; tell whether it was copied, and not linked to the copy of its other name.

        Args:
            path: its path in the new folder.
            seen: what lstat(2) says of the source.
            source: the folder that has it, open.
            target: the folder that gets it, open.
        """
        name, file = path.rpartition("/")[2], (seen.st_dev, seen.st_ino)
        earlier = self._made.get(file)
        if earlier is not None and linked(earlier, self.top, name, target):
            return False
        self._copy(name, seen, source, target)
        room = earlier is not None or len(self._made) < MOST_REMEMBERED
        if seen.st_nlink > 1 and room and len(path) <= _LONGEST:
            self._made[file] = path
        return True

    def _copy(self, name: str, seen: os.stat_result, source: int, target: int) -> None:
        reader = os.open(name, _READ, dir_fd=source)
        try:
            writer = os.open(name, _WRITE, 0o600, dir_fd=target)
            try:
                if not clone(reader, writer):
                    copy_data(reader, writer, self.on_bytes)
                describe(writer, seen, self.owner)
            finally:
                os.close(writer)
        finally:
            os.close(reader)


def linked(path: str, source: int, name: str, target: int) -> bool:
    """Link a file into another folder; tell whether the file system can."""
    try:
        os.link(path, name, src_dir_fd=source, dst_dir_fd=target, follow_symlinks=False)
    except OSError as cause:
        if cause.errno in _NO_LINK:
            return False
        raise
    return True


def describe(file: int, seen: os.stat_result, owner: tuple[int, int]) -> None:
    """Give a new file or folder its owner, mode and times."""
    os.fchown(file, *owner)
    os.fchmod(file, stat.S_IMODE(seen.st_mode))
    os.utime(file, ns=(seen.st_atime_ns, seen.st_mtime_ns))
