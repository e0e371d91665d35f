"""Flatten an overlay: make a folder of its own that holds what Odoo sees through the mount.

A file is linked, not copied, where it is on the same file system: a template of 100,000 files is
made in seconds. So neither layer may be one that a container writes to, and none may ever write to
the result: a template's filestore and the kept copy of an upper folder are such layers.

Source: Documentation/filesystems/overlayfs.rst of the kernel.
"""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from oduflow.adapters.filestore.clone import failed, remove_tree
from oduflow.adapters.filestore.copies import Copies, describe, linked
from oduflow.adapters.filestore.marks import METACOPY, OPAQUE, PREFIX, REDIRECT
from oduflow.domain.errors import Conflict
from oduflow.files.usage import STAT_BLOCK_BYTES

MOST_LEVELS = 64  # Odoo nests two
_LOOK_EVERY = 256  # entries
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_UNCHANGED = -1
_XWHITEOUTS = b"x"  # the value of an opaque mark: whiteouts are files with an attribute


@dataclass(slots=True)
class Flattened:
    """What the new folder holds.

    Attributes:
        files: files and symbolic links.
        size: the bytes that they take on the disk, which a hole of exabytes does not.
        copied: how many were copied, not linked.
        left_out: pipes, sockets and devices, which Odoo never makes.
    """

    files: int = 0
    size: int = 0
    copied: int = 0
    left_out: int = 0


def flatten(
    lower: Path | None,
    upper: Path,
    target: Path,
    owner: tuple[int, int],
    look: Callable[[], None] = lambda: None,
    on_bytes: Callable[[int], None] = lambda _size: None,
) -> Flattened:
    """Write what an overlay of two folders shows into a new folder.

    The call may be repeated: the rest of a killed one is replaced.

    Args:
        lower: the folder below; None or a missing one for none.
        upper: the folder above, with whiteouts and opaque folders as overlayfs writes them.
        target: the new folder, whose parent exists.
        owner: user and group of everything in it; -1 leaves them as they are, as in chown(2).
        look: called every few hundred entries; may raise, which ends the work.
        on_bytes: called with the number of bytes of each part that was copied, which a tenant can
            make many by links; may raise, too.

    Raises:
        Conflict: folders are nested too deeply, or overlayfs has written what is not understood.
        UpstreamFailed: it cannot be written.
    """
    remove_tree(target)
    try:
        target.mkdir(mode=0o700)
        with ExitStack() as opened:
            has_lower = lower is not None and lower.is_dir()
            below = opened.enter_context(_folder(lower)) if lower and has_lower else None
            above, made = (opened.enter_context(_folder(path)) for path in (upper, target))
            work = _Flattening(below, owner, look, Copies(made, owner, on_bytes))
            work.merge(below, above, made)
            describe(made, os.fstat(above), owner)
    except OSError as cause:
        raise failed(cause, done="flattened") from cause
    return work.done


@dataclass(slots=True)
class _Flattening:
    """One flattening. Folders are open files, so that no path is too long and no link followed."""

    lower: int | None
    owner: tuple[int, int]
    look: Callable[[], None]
    copies: Copies
    done: Flattened = field(default_factory=Flattened)
    _seen: int = field(default=0, init=False)
    _path: list[str] = field(default_factory=list, init=False)

    def merge(self, lower: int | None, upper: int | None, target: int) -> None:
        """Fill a folder from those of its name below and above, of which one may be missing."""
        if len(self._path) >= MOST_LEVELS:
            raise Conflict(
                f"The filestore has folders that are nested more than {MOST_LEVELS} levels deep.",
                "Odoo nests two: remove what was made in it by hand.",
            )
        for entry in self._entries(upper):
            self._add(entry, lower, upper, target)
        for entry in self._entries(lower):
            # Asked, not remembered: a tenant may have millions of names in a folder.
            if upper is None or not _has(entry.name, upper):
                self._add(entry, lower, None, target)

    def _add(
        self, entry: os.DirEntry[str], lower: int | None, upper: int | None, target: int
    ) -> None:
        """Add an entry of the upper folder, or of the lower one where there is no upper one."""
        seen = entry.stat(follow_symlinks=False)
        if stat.S_ISDIR(seen.st_mode):
            os.mkdir(entry.name, 0o700, dir_fd=target)
            with ExitStack() as opened:
                above = None if upper is None else opened.enter_context(_folder(entry.name, upper))
                below = opened.enter_context(self._below(entry.name, lower, above))
                made = opened.enter_context(_folder(entry.name, target))
                self._path.append(entry.name)
                self.merge(below, above, made)
                self._path.pop()
                describe(made, seen, self.owner)
        elif upper is not None:
            self._place(entry.name, seen, upper, target, written=True)
        elif lower is not None:
            self._place(entry.name, seen, lower, target, written=False)

    def _place(
        self, name: str, seen: os.stat_result, source: int, target: int, *, written: bool
    ) -> None:
        """Link or copy what is no folder; `written`: it is of the upper layer."""
        if stat.S_ISLNK(seen.st_mode):
            os.symlink(os.readlink(name, dir_fd=source), name, dir_fd=target)
            os.chown(name, *self.owner, dir_fd=target, follow_symlinks=False)
        elif stat.S_ISREG(seen.st_mode):
            if written:
                _forget_marks(name, source)
            if not self._is_owner(seen) or not linked(name, source, name, target):
                path = "/".join((*self._path, name))
                self.done.copied += self.copies.add(path, seen, source, target)
        else:
            self.done.left_out += not _is_whiteout(seen)
            return
        self.done.files += 1
        self.done.size += seen.st_blocks * STAT_BLOCK_BYTES

    def _is_owner(self, seen: os.stat_result) -> bool:
        found = zip(self.owner, (seen.st_uid, seen.st_gid), strict=True)
        return all(wanted in {own, _UNCHANGED} for wanted, own in found)

    def _below(
        self, name: str, lower: int | None, above: int | None
    ) -> AbstractContextManager[int | None]:
        """Open the lower folder that a folder is merged with; None if there is none."""
        marks = {} if above is None else _marks(above)
        if marks.get(OPAQUE) == _XWHITEOUTS:
            raise _not_understood("whiteouts in attributes")
        if OPAQUE in marks:
            return nullcontext()
        redirect = os.fsdecode(marks.get(REDIRECT, b""))  # a renamed folder's former name
        if redirect.startswith("/"):
            return _descended(redirect, self.lower)
        return _descended(redirect or name, lower)

    def _entries(self, folder: int | None) -> Iterator[os.DirEntry[str]]:
        """Yield what a folder has, and look now and then."""
        if folder is None:
            return
        with os.scandir(folder) as entries:
            for entry in entries:
                self._seen += 1
                if self._seen % _LOOK_EVERY == 0:
                    self.look()
                yield entry


@contextmanager
def _folder(name: str | Path, parent: int | None = None) -> Iterator[int]:
    """Open a folder, never through a link."""
    descriptor = os.open(name, _FOLDER, dir_fd=parent)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _descended(path: str, top: int | None) -> Iterator[int | None]:
    """Open a folder below another one; None when it does not exist."""
    with ExitStack() as opened:
        folder = top
        try:
            for name in filter(None, path.split("/")):
                if folder is not None:
                    folder = opened.enter_context(_folder(name, folder))
        except (FileNotFoundError, NotADirectoryError):
            folder = None
        yield folder


def _has(name: str, folder: int) -> bool:
    """Whether a folder has an entry of that name."""
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _marks(file: int) -> dict[str, bytes]:
    """Return what overlayfs has noted of an open file or folder of the upper layer."""
    return {name: os.getxattr(file, name) for name in os.listxattr(file) if name.startswith(PREFIX)}


def _forget_marks(name: str, folder: int) -> None:
    """Remove the marks of an upper file, which has another meaning in a lower layer."""
    file = os.open(name, _READ, dir_fd=folder)
    try:
        marks = _marks(file)
        if METACOPY in marks:
            raise _not_understood("files without their content (metacopy)")
        for mark in marks:
            os.removexattr(file, mark)
    finally:
        os.close(file)


def _is_whiteout(seen: os.stat_result) -> bool:
    return stat.S_ISCHR(seen.st_mode) and seen.st_rdev == 0


def _not_understood(what: str) -> Conflict:
    return Conflict(
        f"This kernel's overlays have {what}, which a template cannot be made of.",
        "Ask the operator: the overlay module's options differ from the kernel's own defaults.",
    )
