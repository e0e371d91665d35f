"""A team's `.git-credentials`: replaced atomically, with the lines of others kept."""

import os
import re
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path

from oduflow.adapters.git.credentials.entries import Entry, format_line, parse_line
from oduflow.domain.errors import QuotaReached, UpstreamFailed
from oduflow.files.disk_errors import disk_errors
from oduflow.files.private import replace_file

MOST_BYTES = 1 << 20
_LINES = re.compile(rb"[^\n]*\n|[^\n]+")  # with their ends; a lone \r does not end a line for git
_READ = os.O_RDONLY | os.O_NOFOLLOW

Change = Callable[[list[bytes]], list[bytes]]
"""Takes the lines with their ends, and returns the new lines."""


class CredentialFile:
    """One file, safe to use from any thread and process.

    Lines that a person or git wrote stay as they are, byte for byte and in their order.

    Args:
        path: the file; a missing folder is made with mode 0700.
        lock: excludes other writers, in this process and in others, for a block.
    """

    def __init__(self, path: Path, lock: Callable[[], AbstractContextManager[object]]) -> None:
        self._path = path
        self._lock = lock

    def entries(self) -> tuple[Entry, ...]:
        """Return the entries, in the order of the lines.

        Raises:
            UpstreamFailed: the file cannot be read.
        """
        return entries_of(self._read())

    def keep(self, entry: Entry) -> None:
        """Write an entry as the last line, in place of one of the same address.

        Raises:
            Busy: another writer holds the lock for too long.
            QuotaReached: the disk is full, or the file is too large.
            UpstreamFailed: the file cannot be written.
        """

        def change(lines: list[bytes]) -> list[bytes]:
            kept = _without(lines, entry)
            if kept and not kept[-1].endswith(b"\n"):
                kept[-1] += b"\n"
            return [*kept, format_line(entry) + b"\n"]

        self._change(change)

    def remove(self, entry: Entry) -> None:
        """Remove every line of the entry's address.

        Raises:
            Failure: as in `keep`.
        """
        self._change(lambda lines: _without(lines, entry))

    def _change(self, change: Change) -> None:
        with self._lock(), translated():
            before = self._read()
            after = b"".join(change(_LINES.findall(before)))
            if len(after) > MOST_BYTES:
                raise QuotaReached("The team keeps too many credentials.", "Delete some.")
            if after != before:
                replace_whole(self._path, after)

    def _read(self) -> bytes:
        with translated():
            try:
                descriptor = os.open(self._path, _READ)
            except FileNotFoundError:
                return b""
            with os.fdopen(descriptor, "rb") as file:
                content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise UpstreamFailed("The team's .git-credentials is too large.", "Make it smaller.")
        return content


def entries_of(content: bytes) -> tuple[Entry, ...]:
    """Return the entries among the lines of a file."""
    parsed = (parse_line(line) for line in content.split(b"\n"))
    return tuple(entry for entry in parsed if entry is not None)


def replace_whole(path: Path, content: bytes) -> None:
    """Replace a 0600 file whole or not at all, and its folder's entry; the caller holds the lock.

    Raises:
        OSError: it cannot be written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    replace_file(path, content)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _without(lines: Iterable[bytes], entry: Entry) -> list[bytes]:
    parsed = ((line, parse_line(line.removesuffix(b"\n"))) for line in lines)
    return [line for line, other in parsed if other is None or other.address != entry.address]


def translated() -> AbstractContextManager[None]:
    """Translate the errors of reading and writing the file.

    Raises:
        QuotaReached: the disk is full.
        UpstreamFailed: anything else.
    """
    return disk_errors(
        full=("The disk of the data folder is full.", "Free disk space, then call again."),
        other=(
            "The team's .git-credentials cannot be read or written.",
            "See that it is a plain file in the team's folder and belongs to the server's user.",
        ),
    )
