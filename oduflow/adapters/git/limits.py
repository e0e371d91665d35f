"""What ends a call of git before git does: the clock, the disk, the caller."""

import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from oduflow.domain.errors import Cancelled, QuotaReached, UpstreamFailed

_BLOCK_BYTES = 4096
_STAT_BLOCK_BYTES = 512  # the unit of st_blocks, stat(2)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long and how large the calls for one repository may become.

    Args:
        ask_seconds: for asking a server for its branches.
        fetch_seconds: for downloading.
        write_seconds: for each step on the local disk.
        stall_seconds: a transfer slower than 1,000 bytes/s for so long is given up.
        repository_bytes: git's folder and the checkout together, on disk.
    """

    ask_seconds: float = 30
    fetch_seconds: float = 900
    write_seconds: float = 300
    stall_seconds: int = 60
    repository_bytes: int = 2 * 1024**3


class DiskMeter:
    """Weighs folders that are being written, now and then.

    Every entry weighs one block at least, so a million empty files are not free. A tree that is
    slow to walk is walked less often: at most a fifth of the time goes into weighing.
    """

    def __init__(self, folders: tuple[Path, ...], limit: int) -> None:
        self._folders = folders
        self._limit = limit
        self._next = 0.0

    def check(self, *, at_once: bool = False) -> None:
        """Raise `QuotaReached` when the folders weigh more than the limit."""
        started = time.monotonic()
        if started < self._next and not at_once:
            return
        size = 0
        for weight in _weights(self._folders):
            size += weight
            if size > self._limit:
                raise QuotaReached(
                    f"The repository is larger than {self._limit / 1024**2:,.0f} MiB on disk.",
                    "Use a smaller repository or branch; large files belong outside of git.",
                )
        now = time.monotonic()
        self._next = now + max(0.25, 4 * (now - started))


def _weights(folders: Iterable[Path]) -> Iterator[int]:
    pending = [str(folder) for folder in folders]
    while pending:
        # Git renames and removes files while we look; what is gone weighs nothing.
        with suppress(FileNotFoundError, NotADirectoryError), os.scandir(pending.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)
                with suppress(FileNotFoundError):
                    blocks = entry.stat(follow_symlinks=False).st_blocks
                    yield max(blocks * _STAT_BLOCK_BYTES, _BLOCK_BYTES)


class Watch:
    """Decides, each time it is called, whether a call of git may go on.

    Args:
        doing: what git does, for the message: "downloading from github.com".
        seconds: the most it may take, counted from now.
        cancelled: whether the caller wants it to stop.
        meter: the disk it fills.
    """

    def __init__(
        self,
        doing: str,
        seconds: float,
        *,
        cancelled: Callable[[], bool] = lambda: False,
        meter: DiskMeter | None = None,
    ) -> None:
        self._doing = doing
        self._seconds = seconds
        self._deadline = time.monotonic() + seconds
        self._cancelled = cancelled
        self._meter = meter

    def __call__(self) -> None:
        """Return when git may go on.

        Raises:
            Cancelled: the caller asked for it.
            QuotaReached: the disk's share is used up.
            UpstreamFailed: the time is over.
        """
        if self._cancelled():
            raise Cancelled(f"Stopped while {self._doing}.")
        if time.monotonic() > self._deadline:
            raise UpstreamFailed(
                f"Gave up {self._doing} after {self._seconds:g} seconds.",
                "Try again; if it stays so, the git host is slow or hangs.",
            )
        if self._meter:
            self._meter.check()
