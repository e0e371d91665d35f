"""Copy a folder with all that it holds to another file system, and compare the copy."""

import errno
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

from oduflow.adapters.pool.file_notes import FileNotes, Look
from oduflow.adapters.pool.programs import run
from oduflow.files.holes import copy_data, next_data

_CHUNK = 8 << 20
_READ = os.O_RDONLY | os.O_NOFOLLOW
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
# The clock of a file's times is coarse: a file that was changed within this time of a look may
# change again without another time.
_SETTLED_SECONDS = 2.0
_SYNC_SECONDS = 900.0


class CopyDiffers(Exception):
    """A file of the copy is not as the original."""


@dataclass(slots=True)
class Transfer:
    """One copy, which may be repeated while the original is in use, and once when it rests.

    Only the last `finish` makes the copy true: `approach` merely makes it quick. Links are copied
    as links, hard links as hard links, attributes too; sockets are left out.

    Attributes:
        source: the folder.
        target: the copy, which need not exist.
        notes: of transfers that share them, files of different folders stay linked, if their
            copies are on one file system.
        on_bytes: called with the number of bytes of each part that was copied; it may raise.
    """

    source: Path
    target: Path
    notes: FileNotes
    on_bytes: Callable[[int], None] = lambda _size: None

    def approach(self) -> None:
        """Copy while the original is in use; what is changed meanwhile differs afterwards."""
        self._copy(live=True)
        self._compare(live=True)

    def finish(self) -> None:
        """Copy what has changed while nothing uses the original, and compare every file.

        What was compared before and has not changed since is not read again. The copy is on the
        disk when this returns.

        Raises:
            CopyDiffers: a file of the copy is not as the original.
            OSError: a file cannot be read or written.
        """
        self._copy(live=False)
        self._compare(live=False)
        synchronise(self.target)

    def _copy(self, *, live: bool) -> None:
        self.notes.forget_copies(self.target)
        self.target.mkdir(mode=0o700, exist_ok=True)
        folders = [""]
        for folder in folders:  # grows meanwhile
            names = set()
            for entry in self._entries(folder, live=live):
                names.add(entry.name)
                with _vanishing(live=live):
                    if entry.is_dir(follow_symlinks=False):
                        made = self.target / folder / entry.name
                        _clear(made, keep=stat.S_IFDIR)
                        made.mkdir(mode=0o700, exist_ok=True)
                        folders.append(f"{folder}{entry.name}/")
                    else:
                        self._copy_one(f"{folder}{entry.name}")
            with os.scandir(self.target / folder) as copies:
                gone = [Path(copy.path) for copy in copies if copy.name not in names]
            for path in gone:
                _clear(path)
        for folder in reversed(folders):  # the times of folders change with their content
            with _vanishing(live=live):
                _describe(self.source / folder, self.target / folder)

    def _copy_one(self, name: str) -> None:
        source, target = self.source / name, self.target / name
        seen = source.lstat()
        first = self.notes.first_copy(seen, target) if seen.st_nlink > 1 else target
        if self.notes.is_alike(target, _look(seen)) and os.path.lexists(target):
            return
        self.notes.forget_alike(target)
        _clear(target)
        if first != target and _link(first, target):
            return
        if stat.S_ISREG(seen.st_mode):
            _copy_content(source, target, self.on_bytes)
        elif stat.S_ISLNK(seen.st_mode):
            target.symlink_to(source.readlink())
        elif stat.S_ISSOCK(seen.st_mode):
            return
        else:  # a named pipe, or the mark that overlayfs leaves in place of a removed file
            os.mknod(target, seen.st_mode, seen.st_rdev)
        _describe(source, target)

    def _compare(self, *, live: bool) -> None:
        begun = time.time()
        synchronise(self.target)  # what is read next comes from the disk
        folders = [""]
        for folder in folders:
            for entry in self._entries(folder, live=live):
                name = f"{folder}{entry.name}"
                with _vanishing(live=live):
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(f"{name}/")
                    else:
                        self._compare_one(name, begun, live=live)
            if not live:
                self._refuse_unlike(folder, (self.source / folder).lstat())

    def _compare_one(self, name: str, begun: float, *, live: bool) -> None:
        source, target = self.source / name, self.target / name
        seen = source.lstat()
        if stat.S_ISSOCK(seen.st_mode) or self.notes.is_alike(target, _look(seen)):
            return
        same = not stat.S_ISREG(seen.st_mode) or _same_content(source, target)
        if same and seen.st_mtime < begun - _SETTLED_SECONDS:
            self.notes.note_alike(target, _look(seen))
        if not live:
            self._refuse_unlike(name, seen)
            if not same:
                raise CopyDiffers(name)

    def _refuse_unlike(self, name: str, seen: os.stat_result) -> None:
        found = (self.target / name).lstat()
        if stat.S_ISDIR(seen.st_mode):
            alike = _look(found)[:3] == _look(seen)[:3]  # a folder's size depends on its disk
        else:
            alike = _look(found) == _look(seen)
        if not alike:
            raise CopyDiffers(name)

    def _entries(self, folder: str, *, live: bool) -> Iterator[os.DirEntry[str]]:
        with _vanishing(live=live), os.scandir(self.source / folder) as entries:
            yield from entries


def synchronise(folder: Path) -> None:
    """Write to the disk what was changed in the folder's file system until now.

    Raises:
        UpstreamFailed: it cannot be written.
    """
    run(
        *("sync", "--file-system", "--", str(folder)),
        failure="Files cannot be written to the disk",
        hint="`dmesg` may say more.",
        seconds=_SYNC_SECONDS,
    )


def _vanishing(*, live: bool) -> AbstractContextManager[object]:
    """Ignore files that are removed or replaced while the original is in use."""
    if not live:
        return nullcontext()
    return suppress(FileNotFoundError, NotADirectoryError, FileExistsError)


def _look(seen: os.stat_result) -> Look:
    return (seen.st_mode, seen.st_uid, seen.st_gid, seen.st_size, seen.st_mtime_ns)


def _clear(path: Path, keep: int = 0) -> None:
    """Remove what is at the path, unless it is of the kind to keep."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if stat.S_IFMT(mode) == keep:
        return
    if stat.S_ISDIR(mode):
        for each in list(path.iterdir()):
            _clear(each)
        path.rmdir()
    else:
        path.unlink()


def _link(first: Path, target: Path) -> bool:
    """Make another name of a copy; return false where it is on another file system."""
    try:
        os.link(first, target, follow_symlinks=False)
    except OSError as cause:
        if cause.errno not in (errno.EXDEV, errno.EMLINK):
            raise
        return False
    return True


def _copy_content(source: Path, target: Path, on_bytes: Callable[[int], None]) -> None:
    with _opened(source, _READ) as reader, _opened(target, _WRITE) as writer:
        copy_data(reader, writer, on_bytes)


@contextmanager
def _opened(path: Path, flags: int) -> Iterator[int]:
    descriptor = os.open(path, flags, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _describe(source: Path, target: Path) -> None:
    """Give the copy the original's owner, attributes, mode and times."""
    seen = source.lstat()
    os.chown(target, seen.st_uid, seen.st_gid, follow_symlinks=False)
    for name in os.listxattr(source, follow_symlinks=False):
        os.setxattr(
            target, name, os.getxattr(source, name, follow_symlinks=False), follow_symlinks=False
        )
    if not stat.S_ISLNK(seen.st_mode):
        target.chmod(stat.S_IMODE(seen.st_mode))  # after the owner, whose change clears bits
    os.utime(target, ns=(seen.st_atime_ns, seen.st_mtime_ns), follow_symlinks=False)


def _same_content(one: Path, other: Path) -> bool:
    """Compare two files; what is a hole in both is not read."""
    with _opened(one, _READ) as first, _opened(other, _READ) as second:
        if os.fstat(first).st_size != os.fstat(second).st_size:
            return False
        os.posix_fadvise(second, 0, 0, os.POSIX_FADV_DONTNEED)
        position = 0
        while parts := [part for file in (first, second) if (part := next_data(file, position))]:
            position = min(start for start, _end in parts)
            content = os.pread(first, _CHUNK, position)
            if content != os.pread(second, _CHUNK, position):
                return False
            if not content:
                break
            position += len(content)
        return True
