"""Limit the size of folders while a program writes to them."""

import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from oduflow.domain.errors import QuotaReached

_BLOCK_BYTES = 4096
_STAT_BLOCK_BYTES = 512  # the unit of st_blocks, stat(2)
_SHORTEST_PAUSE_SECONDS = 0.25
_GONE = (FileNotFoundError, NotADirectoryError)


class DiskQuota:
    """Measures folders while they are written, and raises when they exceed the limit.

    Each entry counts as at least one block, so that empty files use quota too. A slow measurement
    is repeated less often: measuring takes at most a fifth of the time.

    Args:
        folders: the folders whose total size is limited.
        limit: bytes on disk.
        exceeded: returns the error to raise.
    """

    def __init__(
        self, folders: tuple[Path, ...], limit: int, exceeded: Callable[[], QuotaReached]
    ) -> None:
        self._folders = folders
        self._limit = limit
        self._exceeded = exceeded
        self._next = 0.0

    def check(self, *, at_once: bool = False) -> None:
        """Measure the folders, unless they were measured a moment ago.

        Args:
            at_once: measure even so.

        Raises:
            QuotaReached: the folders exceed the limit.
        """
        started = time.monotonic()
        if started < self._next and not at_once:
            return
        size = 0
        for entry_size in _sizes(self._folders):
            size += entry_size
            if size > self._limit:
                raise self._exceeded()
        now = time.monotonic()
        self._next = now + max(_SHORTEST_PAUSE_SECONDS, 4 * (now - started))


def _sizes(folders: Iterable[Path]) -> Iterator[int]:
    pending = [str(folder) for folder in folders]
    while pending:
        # The program may rename or remove files meanwhile; these are not counted.
        with suppress(*_GONE), os.scandir(pending.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)
                with suppress(*_GONE):
                    blocks = entry.stat(follow_symlinks=False).st_blocks
                    yield max(blocks * _STAT_BLOCK_BYTES, _BLOCK_BYTES)
