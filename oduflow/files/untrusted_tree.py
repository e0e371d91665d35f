"""Read, write and list the files below an untrusted folder, such as a checkout; follow no link.

Each folder of a path is opened relative to the one above it and never through a link, so that
nothing can be exchanged for a link between check and use. The module needs only the standard
library, because searches use it in a process of their own.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from oduflow.domain.errors import Conflict, Invalid, NotFound
from oduflow.domain.excerpt import one_line
from oduflow.domain.file_paths import MAX_DEPTH, Parts, is_gits_own

FILE_MODE = 0o644  # for Odoo's user; the folder above is private
FOLDER_MODE = 0o755
MOST_ENTRIES = 200_000
SHOWN_TARGET = 200
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """A file or a link of a tree.

    Attributes:
        parts: its path.
        target: where it leads, empty for a file.
    """

    parts: Parts
    target: str = ""


@dataclass(frozen=True, slots=True)
class UntrustedTree:
    """The files below a folder, whose own parents no untrusted party can write.

    Every method raises Invalid for a path that is, or leads through, a link or a special file, and
    NotFound for one that does not exist.
    """

    root: Path

    def read(self, parts: Parts, limit: int) -> bytes:
        """Return a file's content.

        Raises:
            Invalid: it is no regular file, or has more than `limit` bytes.
            NotFound: it does not exist.
        """
        with self._folder(parts[:-1]) as folder:
            self._regular(folder, parts)
            try:
                descriptor = os.open(parts[-1], _READ, dir_fd=folder)
            except OSError as cause:
                raise Invalid(f"{_shown(parts)} cannot be read.") from cause
            with os.fdopen(descriptor, "rb") as file:
                facts = os.fstat(descriptor)
                if not stat.S_ISREG(facts.st_mode):
                    raise Invalid(f"{_shown(parts)} is not a regular file.")
                if facts.st_size > limit:
                    raise Invalid(
                        f"{_shown(parts)} has {facts.st_size:,} bytes; "
                        f"files of at most {limit:,} are read.",
                        "Search it for the lines that matter.",
                    )
                return file.read(limit)

    def write(self, parts: Parts, content: bytes, temporary: Path) -> bool:
        """Write a file whole or not at all, and the folders that it needs; keep its mode.

        The caller excludes other writers. A kill leaves the old file, and perhaps the temporary
        one, which the next call replaces.

        Args:
            parts: the path.
            content: all of it.
            temporary: a file outside the tree on the same file system.

        Returns:
            Whether the file is new.

        Raises:
            Invalid: something that is no regular file has the name.
            OSError: it cannot be written.
        """
        made = self._make_folders(parts[:-1])
        try:
            with self._folder(parts[:-1]) as folder:
                before = self._regular(folder, parts, missing=True)
                mode = FILE_MODE if before is None else stat.S_IMODE(before.st_mode) & 0o777
                temporary.unlink(missing_ok=True)
                with os.fdopen(os.open(temporary, _WRITE, 0o600), "wb") as file:
                    file.write(content)
                    file.flush()
                    os.fchmod(file.fileno(), mode)
                    os.fsync(file.fileno())  # a power cut must not leave an empty file
                os.rename(temporary, parts[-1], dst_dir_fd=folder)
                return before is None
        except BaseException:
            temporary.unlink(missing_ok=True)
            self._remove_folders(made)
            raise

    def delete(self, parts: Parts) -> None:
        """Delete a file, or a link itself; folders that are then empty go too, as git has none.

        Raises:
            Invalid: it is a folder.
            NotFound: it does not exist.
        """
        with self._folder(parts[:-1]) as folder:
            facts = _facts(folder, parts[-1])
            if facts is None:
                raise _missing(parts)
            if stat.S_ISDIR(facts.st_mode):
                raise Invalid(f"{_shown(parts)} is a folder.", "Delete its files one by one.")
            os.unlink(parts[-1], dir_fd=folder)
        self._remove_folders([parts[:depth] for depth in range(1, len(parts))])

    def files(self, below: Parts = ()) -> Iterator[TreeEntry]:
        """Yield the files and links below a folder, by name, or the one file that is named.

        Special files are left out.

        Raises:
            Conflict: there are more than `MOST_ENTRIES`.
            NotFound: the folder does not exist.
        """
        if below and self._is_file(below):
            yield TreeEntry(below)
            return
        seen = 0
        for parts, entries in self._folders(below):
            seen += len(entries)
            if seen > MOST_ENTRIES:
                raise Conflict(
                    f"There are more than {MOST_ENTRIES:,} files.", "Name a folder further down."
                )
            for name, mode, target in entries:
                if not stat.S_ISDIR(mode):
                    yield TreeEntry((*parts, name), target)

    def _folders(self, below: Parts) -> Iterator[tuple[Parts, list[tuple[str, int, str]]]]:
        """Yield each folder with its entries; one that is removed meanwhile is left out."""
        left = [below]
        while left:
            parts = left.pop()
            try:
                entries = self._entries(parts)
            except (NotFound, Invalid):
                if parts == below:
                    raise
                continue
            yield parts, entries
            inner = [(*parts, name) for name, mode, _ in entries if stat.S_ISDIR(mode)]
            if len(parts) < MAX_DEPTH:
                left.extend(reversed(inner))

    def _is_file(self, parts: Parts) -> bool:
        with self._folder(parts[:-1]) as folder:
            facts = _facts(folder, parts[-1])
        return facts is not None and stat.S_ISREG(facts.st_mode)

    def _entries(self, parts: Parts) -> list[tuple[str, int, str]]:
        """Return name, mode and link target of a folder's files, links and folders, by name."""
        found = []
        with self._folder(parts) as folder:
            with os.scandir(folder) as listed:
                names = sorted(entry.name for entry in listed)
            for name in names:
                facts = _facts(folder, name)
                if facts is None or is_gits_own(name) or not name.isprintable():
                    continue
                kind = stat.S_IFMT(facts.st_mode)
                if kind in {stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK}:
                    target = _target(folder, name) if kind == stat.S_IFLNK else ""
                    found.append((name, facts.st_mode, target))
        return found

    @contextmanager
    def _folder(self, parts: Parts) -> Iterator[int]:
        """Open a folder of the tree."""
        try:
            opened = os.open(self.root, _FOLDER)
        except OSError as cause:
            raise NotFound("There are no files yet.", "Wait until they are checked out.") from cause
        try:
            for depth, part in enumerate(parts, 1):
                inner = _enter(opened, parts[:depth], part)
                os.close(opened)
                opened = inner
            yield opened
        finally:
            os.close(opened)

    def _make_folders(self, parts: Parts) -> list[Parts]:
        """Make the folders of a path that are missing; return those that were made."""
        made: list[Parts] = []
        try:
            for depth in range(1, len(parts) + 1):
                with self._folder(parts[: depth - 1]) as above:
                    if _facts(above, parts[depth - 1]) is not None:
                        continue
                    os.mkdir(parts[depth - 1], FOLDER_MODE, dir_fd=above)
                    made.append(parts[:depth])
                    inner = _enter(above, parts[:depth], parts[depth - 1])
                    try:
                        os.fchmod(inner, FOLDER_MODE)  # under any umask of the server
                    finally:
                        os.close(inner)
        except BaseException:
            self._remove_folders(made)
            raise
        return made

    def _remove_folders(self, folders: list[Parts]) -> None:
        """Remove those folders that are empty, the innermost first."""
        for parts in reversed(folders):
            with suppress(OSError, Invalid, NotFound), self._folder(parts[:-1]) as above:
                os.rmdir(parts[-1], dir_fd=above)

    def _regular(
        self, folder: int, parts: Parts, *, missing: bool = False
    ) -> os.stat_result | None:
        """Return the facts of a regular file; None for a missing one if that is allowed."""
        facts = _facts(folder, parts[-1])
        if facts is None:
            if missing:
                return None
            raise _missing(parts)
        if stat.S_ISREG(facts.st_mode):
            return facts
        raise _irregular(folder, parts, facts)


def _enter(above: int, parts: Parts, name: str) -> int:
    try:
        return os.open(name, _FOLDER, dir_fd=above)
    except OSError as cause:
        facts = _facts(above, name)
        if facts is None:
            raise _missing(parts) from cause
        if stat.S_ISLNK(facts.st_mode):
            raise _irregular(above, parts, facts) from cause
        raise Invalid(f"{_shown(parts)} is not a folder.") from cause


def _facts(folder: int, name: str) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    except OSError as cause:  # such as a name that this file system cannot have
        raise Invalid(f"{one_line(name)} cannot be the name of a file.") from cause


def _target(folder: int, name: str) -> str:
    try:
        raw = os.readlink(name, dir_fd=folder)
    except OSError:
        return "?"
    return one_line(os.fsencode(raw).decode(errors="replace"))[:SHOWN_TARGET]


def _irregular(folder: int, parts: Parts, facts: os.stat_result) -> Invalid:
    if stat.S_ISLNK(facts.st_mode):
        target = _target(folder, parts[-1])
        return Invalid(
            f"{_shown(parts)} is a symbolic link to {target}, and links are not followed.",
            "Name the file itself, if it is in the repository.",
        )
    if stat.S_ISDIR(facts.st_mode):
        return Invalid(f"{_shown(parts)} is a folder.", "Name a file in it.")
    return Invalid(f"{_shown(parts)} is not a regular file.")


def _missing(parts: Parts) -> NotFound:
    return NotFound(f"There is no {_shown(parts)}.", "See that the path begins at the root.")


def _shown(parts: Parts) -> str:
    return "/".join(parts) or "the root"
