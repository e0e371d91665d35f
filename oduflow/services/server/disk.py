"""The data folder's disk: how much must be free, and a reserve for the day it is full."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from oduflow.domain.errors import QuotaReached
from oduflow.files.private import writing

MINIMUM_FREE_BYTES = 1 << 30
RESERVE_BYTES = 16 << 20  # several times what the store's log grows to before it is reused


@dataclass(frozen=True, slots=True)
class Disk:
    """The disk below the data folder.

    On a disk that is full to the last byte the store can record nothing, so nothing could be
    deleted either. A file that holds space, and is given up then, keeps the way out open.

    Attributes:
        folder: the data folder.
        minimum: bytes that must be free before anything is made.
    """

    folder: Path
    minimum: int = MINIMUM_FREE_BYTES

    @property
    def reserve(self) -> Path:
        """The file that holds the reserve."""
        return self.folder / "reserve"

    def free(self) -> int:
        """Measure what is free, in bytes."""
        with writing():
            return shutil.disk_usage(self.folder).free

    def require(self) -> None:
        """Make sure that there is room for something new.

        Raises:
            QuotaReached: there is not.
        """
        free = self.free()
        if free < self.minimum:
            raise QuotaReached(
                f"Only {free >> 20} MiB are free where the data lies.",
                f"Delete environments or free disk space; creating needs {self.minimum >> 20} MiB.",
            )

    def hold_reserve(self) -> None:
        """Take the reserve, or take it again, where there is room for it."""
        if self.reserve.exists() or self.free() < self.minimum:
            return
        try:
            with self.reserve.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, RESERVE_BYTES)
        except OSError:  # others were faster
            self.give_up_reserve()

    def give_up_reserve(self) -> None:
        """Free the reserve, so that what is under way can be undone and things be deleted."""
        self.reserve.unlink(missing_ok=True)
