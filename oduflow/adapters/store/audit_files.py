"""The two files beside the store that say how the audit log's chain ends.

The head file names the last row. It is one line of fixed length, overwritten in place, and its
lock admits one writer at a time. Checkpoints are lines that are only appended.
"""

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from oduflow.domain.errors import Busy

_MAX_LINE = 400
_PAUSE_SECONDS = 0.001
_PRIVATE = 0o600


class OpenHead:
    """The head file, opened by the one writer that holds its lock."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def read(self) -> str:
        """Return the line, empty when there is none yet."""
        return os.pread(self._descriptor, _MAX_LINE, 0).decode("utf-8", "replace")

    def write(self, line: str) -> None:
        """Overwrite the line."""
        os.pwrite(self._descriptor, line.encode(), 0)

    def sync(self) -> None:
        """Flush the line to the disk, so that it survives a power cut."""
        os.fsync(self._descriptor)


class HeadFile:
    """One line: the end of the chain."""

    def __init__(self, path: Path, patience: float) -> None:
        self._path = path
        self._patience = patience
        self._turn = threading.Lock()

    def read(self) -> str:
        """Return the line; empty when there is none."""
        return _read(self._path)

    @contextmanager
    def locked(self) -> Iterator[OpenHead]:
        """Admit one writer at a time, among all threads and processes.

        Raises:
            Busy: another one has been writing for too long.
        """
        deadline = time.monotonic() + self._patience
        # Threads queue at a lock of this process; only one of them polls the file's lock.
        if not self._turn.acquire(timeout=self._patience):
            raise _busy()
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, _PRIVATE)
            try:
                _lock(descriptor, deadline)
                yield OpenHead(descriptor)
            finally:
                os.close(descriptor)
        finally:
            self._turn.release()


class CheckpointFile:
    """Lines that are only appended, one a day."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def append(self, line: str) -> None:
        """Append a line durably, unless it is the last one already."""
        written = _read(self._path)
        if written.endswith(line):
            return
        if written and not written.endswith("\n"):
            line = f"\n{line}"  # a power cut left half a line
        how = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
        descriptor = os.open(self._path, how, _PRIVATE)
        try:
            os.write(descriptor, line.encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def lines(self) -> list[str]:
        """Return every line."""
        return _read(self._path).splitlines()


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except FileNotFoundError:
        return ""


def _lock(descriptor: int, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise _busy() from None
            time.sleep(_PAUSE_SECONDS)
        else:
            return


def _busy() -> Busy:
    return Busy(
        "The audit trail is being written by another process.", "Call again in a few seconds."
    )
