"""The folder of new volumes, and what makes, grows and removes it."""

import logging
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from oduflow.adapters.pool.image import PoolImage
from oduflow.adapters.pool.programs import REMOVAL_SECONDS, missing_packages, run
from oduflow.domain.errors import Conflict, Failure, Forbidden, QuotaReached, UpstreamFailed
from oduflow.domain.storage import CloneState
from oduflow.files.private import make_folder, writing
from oduflow.files.reflink import has_reflinks

STEP = 4 << 30  # the image's first size, and by how much it grows
WANTED_FREE = 2 << 30  # the image grows when less is free
HOST_KEEPS = 2 << 30  # what growth leaves free on the disk
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
class Pool:
    """`<data_dir>/pool`: a folder on a file system with reflinks, or where the image is mounted.

    Attributes:
        data_dir: the server's own folder.
        rules: returns the current `[storage]`.
        step: the image's first size in bytes, and by how much it grows.
    """

    data_dir: Path
    rules: Callable[[], PoolRules]
    step: int = STEP

    @property
    def folder(self) -> Path:
        """The pool's folder."""
        return self.data_dir / "pool"

    @property
    def image(self) -> PoolImage:
        """The image, which need not exist."""
        return PoolImage(self.data_dir / "pool.img", self.folder)

    def path(self, name: str) -> Path:
        """Return the folder that a volume has or would have in the pool."""
        return self.folder / "volumes" / name

    def new(self, name: str) -> Path | None:
        """Make the folder of a new volume; None where volumes are not made in the pool."""
        if self.rules().clone == "copy" or not self._has_reflinks():
            return None
        make_folder(self.path(name).parent)
        with writing():
            self.path(name).mkdir(mode=0o755, exist_ok=True)
        return self.path(name)

    def remove(self, name: str) -> None:
        """Remove a volume's folder with its files; a missing one is no error.

        Raises:
            UpstreamFailed: the image that may hold it is not mounted.
        """
        if self.image.exists and not self.image.mounted:
            raise _unmounted()
        if self.path(name).is_dir():
            # Tenants choose how deep folders are nested, which this program does not mind.
            run(
                *("rm", "--recursive", "--force", "--one-file-system", "--", str(self.path(name))),
                failure="The files of a volume cannot be removed",
                hint="Call again. `oduflow doctor` lists what is left.",
                seconds=REMOVAL_SECONDS,
            )

    def names(self) -> tuple[str, ...]:
        """List the volumes that have a folder in the pool."""
        parent = self.path("")
        return tuple(sorted(each.name for each in parent.iterdir())) if parent.is_dir() else ()

    def state(self) -> CloneState:
        """Find out how environments are cloned, and why."""
        try:
            return self._state()
        except OSError as cause:
            return _copied(f"the data folder cannot be examined: {cause.strerror}.", ok=False)

    def _state(self) -> CloneState:
        rules, image = self.rules(), self.image
        if image.exists and not image.mounted:
            failure = _unmounted()
            return _copied(failure.message, failure.hint, ok=False)
        if rules.clone == "copy":
            return _copied("[storage] clone says so.")
        if self._has_reflinks():
            usage = shutil.disk_usage(self.folder if self.folder.exists() else self.data_dir)
            where = "pool" if image.exists else "file system"
            sizes = f"{where} of {_gib(usage.total)}, {_gib(usage.free)} free"
            return CloneState(reflink=True, text=f"reflink ({sizes})")
        ok = rules.clone != "reflink"
        try:
            self._refuse_setup()
        except Failure as failure:
            return _copied(failure.message, failure.hint, ok=ok)
        return _copied(
            "the data folder's file system cannot share blocks.",
            "`oduflow storage setup` makes a pool, where a template's size does not matter.",
            ok=ok,
        )

    def set_up(self) -> None:
        """Make and mount the image, unless the pool is there.

        Raises:
            Failure: this machine cannot have one; nothing is left of it.
        """
        if self.rules().clone == "copy":
            raise Conflict("[storage] clone is “copy”.", 'Set it to "auto" first.')
        make_folder(self.data_dir)
        if not self.image.exists:
            if self._has_reflinks():
                return
            self._refuse_setup()
            self.image.make(self.step)
        try:
            self.attach()
        except BaseException:
            if not self.names():
                self.image.remove()
            raise

    def attach(self) -> None:
        """Mount the image if there is one, and keep space in it.

        Raises:
            UpstreamFailed: it cannot be mounted.
        """
        if not self.image.exists:
            return
        self.image.mount()
        make_folder(self.path(""))
        self._keep_free()

    def require(self) -> None:
        """Refuse to create anything in a pool that is nearly full.

        Raises:
            QuotaReached: too little is free, and the image cannot grow.
            Conflict: `clone` is “reflink” on a machine without.
        """
        state = self.state()
        if not state.ok:
            raise Conflict(f"Environments are not created: {state.text}", state.hint)
        if not self.image.exists or self.rules().clone == "copy":
            return
        self._keep_free()
        free = shutil.disk_usage(self.folder).free
        if free < MINIMUM_FREE:
            raise QuotaReached(
                f"Only {free >> 20} MiB are free in the pool, which cannot grow.",
                f"Delete environments, or give the data folder's disk more than "
                f"{_gib(self.step + HOST_KEEPS)} of free space, or raise [storage] pool_max_gb.",
            )

    def destroy(self) -> bool:
        """Remove the pool with everything in it; return whether there was one.

        Raises:
            UpstreamFailed: a program still uses a file in it.
        """
        image, existed = self.image, self.image.exists or self.folder.exists()
        image.remove()
        if self.path("").is_dir():
            shutil.rmtree(self.path(""))
            with suppress(OSError):  # a file system of its own is mounted there
                self.folder.rmdir()
        return existed

    def _has_reflinks(self) -> bool:
        if self.image.exists:
            return self.image.mounted
        return has_reflinks(self.folder if self.folder.is_dir() else self.data_dir)

    def _refuse_setup(self) -> None:
        """Refuse to make an image where it cannot work.

        Raises:
            Failure: the reason, and the next step.
        """
        if os.geteuid() != 0:
            raise Forbidden(
                "Only root can mount a pool.", "Run `oduflow storage setup` and the server as root."
            )
        missing = missing_packages()
        if missing:
            raise UpstreamFailed(
                f"A pool needs {', '.join(missing)}.",
                f"`apt-get install {' '.join(missing)}`, then `oduflow storage setup`.",
            )
        free = shutil.disk_usage(self.data_dir).free
        if free < self.step + HOST_KEEPS:
            raise QuotaReached(
                f"A pool needs {_gib(self.step + HOST_KEEPS)} of free space, and "
                f"{_gib(free)} are free on the data folder's disk.",
                "Free disk space, then run `oduflow storage setup`.",
            )

    def _keep_free(self) -> None:
        """Grow the image before it is full, and keep a reserve for when it cannot grow."""
        image, free = self.image, shutil.disk_usage(self.folder).free
        most = self.rules().pool_max_gb << 30
        size = image.file.stat().st_size + self.step
        if free < min(WANTED_FREE, self.step // 2) and (not most or size <= most):
            host = shutil.disk_usage(self.data_dir).free
            if host >= self.step + HOST_KEEPS:
                try:
                    image.grow(self.step)
                except Failure as failure:
                    log.warning("the pool does not grow: %s", failure.message)
                else:
                    log.info("the pool has grown to %s", _gib(size))
        self._keep_reserve()

    def _keep_reserve(self) -> None:
        reserve, free = self.folder / "reserve", shutil.disk_usage(self.folder).free
        if reserve.exists():
            if free < RESERVE // 4:
                log.warning("the pool is full: giving up its reserve, delete environments")
                reserve.unlink(missing_ok=True)
        elif free > MINIMUM_FREE:
            with writing(), reserve.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, RESERVE)


def _copied(reason: str, hint: str = "", *, ok: bool = True) -> CloneState:
    return CloneState(reflink=False, text=f"copy: {reason}", hint=hint, ok=ok)


def _unmounted() -> UpstreamFailed:
    return UpstreamFailed(
        "The pool's image is not mounted.",
        "The server mounts it when it starts; its log says what hinders it.",
    )


def _gib(size: int) -> str:
    return f"{size / (1 << 30):.1f} GiB"
