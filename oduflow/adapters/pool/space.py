"""The space in the pool: the image grows before it is full, and a reserve is kept."""

import logging
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from oduflow.adapters.pool.image import PoolImage
from oduflow.adapters.pool.turns import WAIT_SECONDS
from oduflow.domain.counting import binary_size
from oduflow.domain.errors import Failure
from oduflow.files.private import writing

STEP = 4 << 30  # the image's first size, and by how much it grows
WANTED_FREE = 2 << 30  # the image grows when less is free
HOST_KEEPS = 2 << 30  # what growth leaves free on the disk, beside what logs may take
MINIMUM_FREE = 512 << 20
RESERVE = 64 << 20  # a full file system refuses PostgreSQL's checkpoint and its start

log = logging.getLogger(__name__)


class PoolRules(Protocol):
    """The part of `[storage]` that decides about the pool."""

    @property
    def clone(self) -> str:
        """`auto`, `reflink` or `copy`."""

    @property
    def pool_max_gb(self) -> int:
        """The image's greatest size in GiB, 0 for as much as the disk has."""


@dataclass(frozen=True, slots=True)
class PoolSpace:
    """What is free in the folder, where the image is mounted if there is one.

    Attributes:
        data_dir: the server's own folder, which holds the image.
        image: the image, which need not exist.
        limit: returns how many bytes the image may have; 0 for as many as the disk has.
        keeps: returns how many bytes growth leaves free on the disk.
        step: by how many bytes the image grows.
    """

    data_dir: Path
    image: PoolImage
    limit: Callable[[], int]
    keeps: Callable[[], int]
    step: int

    @property
    def total(self) -> int:
        """Bytes that files may have in it now, the reserve left out."""
        return shutil.disk_usage(self.image.target).total - RESERVE

    @property
    def used(self) -> int:
        """Bytes that files have in it now, the reserve left out."""
        usage, reserve = shutil.disk_usage(self.image.target), self.image.target / "reserve"
        return usage.used - (RESERVE if reserve.exists() else 0)

    @property
    def free(self) -> int:
        """Bytes that are free now."""
        folder = self.image.target
        return shutil.disk_usage(folder if folder.is_dir() else self.data_dir).free

    @property
    def growth(self) -> int:
        """Bytes by which the image may grow now: whole steps, 0 without an image."""
        if not self.image.exists:
            return 0
        growth = shutil.disk_usage(self.data_dir).free - self.keeps()
        if most := self.limit():
            growth = min(growth, most - self.image.file.stat().st_size)
        return max(0, growth // self.step * self.step)

    def most(self, needed: int) -> int:
        """Return what new files may take after the image has grown as far as it may.

        It leaves free what PostgreSQL needs, as `make` does.

        Args:
            needed: when less fits than this, a growth that has just begun is waited for: what it
                takes from the disk is not yet free in the pool.
        """
        if needed > self._most:
            self._grow(lambda: 0)
        return self._most

    @property
    def _most(self) -> int:
        return max(0, self.free + self.growth - MINIMUM_FREE)

    def make(self, needed: int) -> int:
        """Grow the image until new files of so many bytes fit, and return what fits.

        What would not fit even then grows nothing, because an image never shrinks; what is
        returned is less than `needed` then.
        """
        if self._missing(needed) > 0:
            self._grow(lambda: self._steps(needed))
        fits = max(0, self.free - MINIMUM_FREE)
        return fits if fits >= needed or self._most >= needed else self._most

    def keep(self) -> None:
        """Grow the image before it is full, and keep a reserve for when it cannot grow."""

        def step() -> int:
            short = self.free < min(WANTED_FREE, self.step * 3 // 4)
            return min(self.step, self.growth) if short else 0

        if step() or self.image.unfinished:
            self._grow(step, wait=0)
        self._keep_reserve()

    def _missing(self, needed: int) -> int:
        return needed + MINIMUM_FREE - self.free

    def _steps(self, needed: int) -> int:
        """Return by how much the image grows for new files: whole steps, 0 if it cannot."""
        missing = max(0, self._missing(needed))
        return 0 if missing > self.growth else -(-missing // self.step) * self.step

    def _grow(self, by: Callable[[], int], *, wait: float = WAIT_SECONDS) -> None:
        try:
            grown = self.image.grow(by, wait=wait)
        except Failure as failure:
            log.warning("the pool does not grow: %s", failure.message)
            return
        if grown:
            log.info("the pool has grown by %s", binary_size(grown))

    def _keep_reserve(self) -> None:
        reserve, free = self.image.target / "reserve", self.free
        if reserve.exists():
            if free < RESERVE // 4:
                log.warning("the pool is full: giving up its reserve, delete environments")
                reserve.unlink(missing_ok=True)
        elif free > MINIMUM_FREE:
            with writing(), reserve.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, RESERVE)
