"""One lock: an flock on a file that holds the name of the lock's holder while it is held.

flock belongs to the open file, not to the process (flock(2)): two threads that open the file
exclude each other as two processes do, and the kernel releases it when the last descriptor closes,
however the process ended.

The holder removes the file before it unlocks, so that no file stays for a name that was locked
once. A process that opened the file before locks a file that is no longer at its path: it looks
after it has locked, and begins again with a new file. So only the file at the path counts, and only
the holder of its lock removes it. The file of a killed holder stays until the next one releases it.
"""

import fcntl
import json
import os
import threading
import time
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from oduflow.domain.clock import age, now, rfc3339
from oduflow.files.disk_errors import disk_errors

# A new holder has written its name long before this.
GRACE_SECONDS = 0.02
_FIRST_PAUSE_SECONDS = 0.002
_LONGEST_PAUSE_SECONDS = 0.1
_PROBE_SECONDS = 1.0  # a probe by `is_free` lasts less, unless its process was stopped meanwhile
_MAX_HOLDER = 200
_MAX_FILE = 4096
_OPEN = os.O_RDWR | os.O_NOFOLLOW  # Python adds O_CLOEXEC (PEP 446): no child inherits a lock


@dataclass(frozen=True, slots=True)
class Holder:
    """The holder of a lock, and since when."""

    name: str
    since: datetime

    def __str__(self) -> str:
        """Return the text that a `Busy` error shows."""
        return f"{self.name}, for {age(self.since)}"


class HeldLock:
    """A lock that this process holds until `release` or its end."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor: int | None = descriptor
        self._releasing = threading.Lock()

    def release(self) -> None:
        """Release the lock; a second call does nothing."""
        with self._releasing:
            descriptor, self._descriptor = self._descriptor, None
        if descriptor is None:
            return
        with suppress(OSError):
            if _is_at(self._path, descriptor):
                self._path.unlink()
        # Unlocked explicitly: a child between fork and exec still shares the open file.
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)

    def __enter__(self) -> Self:
        """Hold the lock for a block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Release the lock at the end of the block."""
        self.release()


def take(path: Path, holder: str, *, wait: float = 0) -> HeldLock | None:
    """Take the lock at `path`, trying for `wait` seconds; return None when it stays taken.

    Raises:
        QuotaReached: the disk is full.
        UpstreamFailed: the folder cannot be written.
    """
    with _translated():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        deadline = time.monotonic() + max(wait, GRACE_SECONDS)
        while True:
            descriptor = os.open(path, _OPEN | os.O_CREAT, 0o600)
            locked = counts = False
            try:
                locked = _lock(descriptor, deadline)
                counts = locked and _is_at(path, descriptor)
            finally:
                if not counts:
                    os.close(descriptor)
            if counts:
                _write_holder(descriptor, holder)
                return HeldLock(path, descriptor)
            if not locked:
                return None


def is_free(path: Path) -> bool:
    """Whether the lock at `path` is free at this moment.

    The probe is a shared lock for a moment, which `take` distinguishes from an exclusive one.
    """
    with _translated():
        try:
            descriptor = os.open(path, _OPEN)
        except FileNotFoundError:
            return True
        try:
            return _try(descriptor, fcntl.LOCK_SH)
        finally:
            os.close(descriptor)


def holder_of(path: Path) -> Holder | None:
    """Return the holder whose name is in the file, None when the file has no complete line."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        with path.open("rb") as file:
            first, end, _ = file.read(_MAX_FILE).partition(b"\n")
        written = json.loads(first) if end else {}
        return Holder(str(written["holder"]), datetime.fromisoformat(written["since"]))
    return None


def _is_at(path: Path, descriptor: int) -> bool:
    """Whether the open file is the one at the path, and not one that was removed meanwhile."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return False
    return os.path.samestat(found, os.fstat(descriptor))


def _lock(descriptor: int, deadline: float) -> bool:
    pause = _FIRST_PAUSE_SECONDS
    while not _try(descriptor, fcntl.LOCK_EX):
        only_probed = _try(descriptor, fcntl.LOCK_SH)
        if only_probed:
            fcntl.flock(descriptor, fcntl.LOCK_UN)
        left = deadline - time.monotonic() + (_PROBE_SECONDS if only_probed else 0)
        if left <= 0:
            return False
        time.sleep(min(pause, left))
        pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
    return True


def _try(descriptor: int, mode: int) -> bool:
    try:
        fcntl.flock(descriptor, mode | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write_holder(descriptor: int, holder: str) -> None:
    signature = {"holder": holder[:_MAX_HOLDER], "since": rfc3339(now()), "process": os.getpid()}
    line = json.dumps(signature).encode() + b"\n"
    # On a full disk the lock is held without a name, so that deleting still works. The end of a
    # killed holder's longer line may follow ours, so only the first line is read.
    with suppress(OSError):
        os.pwrite(descriptor, line, 0)


def _translated() -> AbstractContextManager[None]:
    return disk_errors(
        full=(
            "The disk is full: no lock can be made.",
            "Free space on the disk of the data folder, then call again.",
        ),
        other=(
            "A lock file cannot be opened or locked.",
            "See that the data folder exists, is writable and belongs to the server's user.",
        ),
    )
