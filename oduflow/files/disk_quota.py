"""Limit the size of folders while a program writes to them."""

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from oduflow.domain.errors import QuotaReached
from oduflow.files.usage import entries_below

_BLOCK_BYTES = 4096
_STAT_BLOCK_BYTES = 512  # the unit of st_blocks, stat(2)
_SHORTEST_PAUSE_SECONDS = 0.25


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
    for folder in folders:
        for entry in entries_below(folder):
            yield max(entry.seen.st_blocks * _STAT_BLOCK_BYTES, _BLOCK_BYTES)
