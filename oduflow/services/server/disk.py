"""A folder's disk: the space that must be free, and a reserve for when it is full."""

import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from oduflow.domain.errors import NoRoom
from oduflow.files.private import writing

MINIMUM_FREE_BYTES = 1 << 30
RESERVE_BYTES = 16 << 20  # several times the size at which SQLite's write-ahead log is reused


@dataclass(frozen=True, slots=True)
class Disk:
    """The disk that holds a folder: the data folder, or the data of a PostgreSQL.

    On a completely full disk nothing can be written, so not even a deletion could be recorded, and
    PostgreSQL does not start. The reserve is a file whose removal frees the space for that.

    Attributes:
        folder: the folder.
        minimum: bytes that must be free before anything is created.
        reserve_bytes: the reserve's size.
    """

    folder: Path
    minimum: int = MINIMUM_FREE_BYTES
    reserve_bytes: int = RESERVE_BYTES

    @property
    def reserve(self) -> Path:
        """The file that holds the reserve."""
        return self.folder / "reserve"

    def of(self, folder: Path) -> Self:
        """Return the disk of another folder, with the same limits."""
        return replace(self, folder=folder)

    def free(self) -> int:
        """Return the free space in bytes."""
        with writing():
            return shutil.disk_usage(self.folder).free

    def require(self) -> None:
        """Refuse to create anything when too little space is free.

        Raises:
            NoRoom: less than `minimum` is free.
        """
        free = self.free()
        if free < self.minimum:
            raise NoRoom(
                f"Only {free >> 20} MiB are free on the data folder's disk.",
                f"Delete environments or free disk space; creating needs {self.minimum >> 20} MiB.",
                missing=self.minimum - free,
                disk=self.folder,
            )

    def hold_reserve(self) -> None:
        """Create the reserve if it is missing and there is space for it."""
        if self.reserve.exists() or self.free() < self.minimum:
            return
        try:
            with self.reserve.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, self.reserve_bytes)
        except OSError:  # another program filled the disk meanwhile
            self.give_up_reserve()

    def give_up_reserve(self) -> None:
        """Remove the reserve, so that work can be undone and environments can be deleted."""
        self.reserve.unlink(missing_ok=True)
