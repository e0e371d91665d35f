"""The folder of new volumes, and what makes, grows and removes it."""

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from oduflow.adapters.pool.blocks import refuse_copying
from oduflow.adapters.pool.image import ImageState, PoolImage
from oduflow.adapters.pool.images import TeamImages
from oduflow.adapters.pool.programs import REMOVAL_SECONDS, missing_packages, run
from oduflow.adapters.pool.space import (
    HOST_KEEPS,
    MINIMUM_FREE,
    STEP,
    PoolRules,
    PoolSpace,
)
from oduflow.domain.counting import binary_size
from oduflow.domain.errors import Conflict, Failure, Forbidden, NoRoom, QuotaReached, UpstreamFailed
from oduflow.domain.storage import CloneState
from oduflow.files.private import make_folder, writing
from oduflow.files.reflink import has_reflinks


@dataclass(frozen=True, slots=True)
class Pool:
    """A folder on a file system with reflinks, or where an image of one is mounted.

    Attributes:
        data_dir: the server's own folder.
        folder: the pool's folder; its image is beside it.
        rules: returns the current `[storage]`.
        step: the image's first size in bytes, and by how much it grows.
        own: whether files are made in the image only, whose size is their limit.
        most: returns how many bytes the image may have; 0 for as many as the disk has.
        keeps: returns how many bytes stay free on the disk.
    """

    data_dir: Path
    folder: Path
    rules: Callable[[], PoolRules] = field(compare=False)
    step: int = STEP
    own: bool = False
    most: Callable[[], int] = field(default=lambda: 0, compare=False)
    keeps: Callable[[], int] = field(default=lambda: HOST_KEEPS, compare=False)

    @property
    def image(self) -> PoolImage:
        """The image, which need not exist."""
        if self.own:
            return TeamImages(self.folder.parent).of(self.folder.name)
        parent, name = self.folder.parent, self.folder.name
        return PoolImage(parent / f"{name}.img", self.folder, parent / f"{name}.made")

    @property
    def space(self) -> PoolSpace:
        """What is free in the pool."""
        return PoolSpace(self.data_dir, self.image, self.limit, self.keeps, self.step)

    def limit(self) -> int:
        """Return how many bytes the image may have; 0 for as many as the disk has."""
        return self.most() or self.rules().pool_max_gb << 30

    @property
    def files(self) -> Path:
        """The folder of what is not in a volume: checkouts, uploads, Python packages."""
        return self.folder / "files"

    def link(self, place: Path) -> None:
        """Let a folder of the data folder, which does not exist, lead to the pool's files.

        Raises:
            UpstreamFailed: the image is not mounted, so that they would lie beneath it.
        """
        self.require_mounted()
        make_folder(self.files)
        with writing():
            place.symlink_to(os.path.relpath(self.files, place.parent))

    def path(self, name: str) -> Path:
        """Return the folder that a volume has or would have in the pool."""
        return self.folder / "volumes" / name

    def draft(self, name: str) -> Path:
        """Return the folder of a volume that is being copied into the pool."""
        return self.folder / "moving" / name

    def take_draft(self, name: str) -> None:
        """Make a complete draft the folder of its volume."""
        make_folder(self.path(""))
        with writing():
            self.draft(name).rename(self.path(name))

    def drafts(self) -> tuple[str, ...]:
        """List the volumes that have a draft."""
        return _folders_in(self.draft(""))

    def remove_draft(self, name: str) -> None:
        """Remove a volume's draft; a missing one is no error."""
        _remove(self.draft(name))

    @property
    def takes_new(self) -> bool:
        """Whether new volumes are made in the pool."""
        if self.own:  # also with `clone = "copy"`: elsewhere is no limit
            return self.readable
        return self.rules().clone != "copy" and self._has_reflinks()

    @property
    def readable(self) -> bool:
        """Whether the files in the pool can be reached: it is no image, or a mounted one."""
        return not self._has_image or self.image.state is ImageState.MOUNTED

    @property
    def _has_image(self) -> bool:
        """Whether the files are in an image, also one that is lost or could not be made."""
        return self.own or self.image.state is not ImageState.NEVER_MADE

    def holds(self, folder: Path) -> bool:
        """Whether a folder is in the pool."""
        return folder.resolve().is_relative_to(self.folder.resolve())

    def new(self, name: str) -> Path | None:
        """Make the folder of a new volume; None where volumes are not made in the pool."""
        if not self.takes_new:
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
        self.require_mounted()
        for folder in (self.path(name), self.draft(name)):
            _remove(folder)

    def require_mounted(self) -> None:
        """Refuse work on files that are in an image which is not mounted.

        Raises:
            UpstreamFailed: it is not, or it is gone.
        """
        if self._has_image:
            self.image.require_mounted()

    def names(self) -> tuple[str, ...]:
        """List the volumes that have a folder in the pool."""
        return _folders_in(self.path(""))

    def state(self) -> CloneState:
        """Find out how environments are cloned, and why."""
        try:
            return self._state()
        except OSError as cause:
            return copied(f"the data folder cannot be examined: {cause.strerror}.", ok=False)

    def _state(self) -> CloneState:
        rules, image = self.rules(), self.image
        try:
            self.require_mounted()
        except UpstreamFailed as failure:
            return copied(failure.message, failure.hint, ok=False)
        if rules.clone == "copy" and not self.own:
            return copied("[storage] clone says so.")
        if self._has_reflinks():
            usage = shutil.disk_usage(self.folder if self.folder.exists() else self.data_dir)
            where = "pool" if image.exists else "file system"
            sizes = f"{where} of {binary_size(usage.total)}, {binary_size(usage.free)} free"
            return CloneState(reflink=True, text=f"reflink ({sizes})")
        ok = rules.clone != "reflink"
        try:
            self.refuse_setup()
        except Failure as failure:
            return copied(failure.message, failure.hint, ok=ok)
        return copied(
            "the data folder's file system cannot share blocks.",
            "`oduflow storage setup` makes a pool for each team, where a template's size does not "
            "matter and disk_gb is kept.",
            ok=ok,
        )

    def make(self, check: Callable[[], None]) -> None:
        """Make the image with an empty file system.

        Args:
            check: refuses it for lack of room, while no other image takes space.

        Raises:
            Failure: it cannot be made.
        """
        make_folder(self.folder.parent)
        self.image.make(min(self.step, self.limit() or self.step), check)

    def attach(self) -> None:
        """Mount the image if there is one, and keep space in it; a team's own is kept elsewhere.

        Raises:
            UpstreamFailed: it cannot be mounted.
        """
        self.image.refuse_lost()
        if not self.image.exists:
            return
        kept = self.own and self.image.mounted  # `Pools.keep` looks at it every second
        self.image.mark()
        self.image.mount()
        make_folder(self.path(""))
        if self.own:
            make_folder(self.files)
        if not kept:
            self.space.keep()

    def require(self) -> None:
        """Refuse to create anything in a pool that is nearly full.

        Raises:
            NoRoom: too little is free, and the image cannot grow.
            Conflict: `clone` is “reflink” on a machine without.
        """
        state = self.state()
        if not state.ok:
            raise Conflict(f"Environments are not created: {state.text}", state.hint)
        if not self.image.exists or not self.takes_new:
            return
        self.space.keep()
        free = self.space.free
        if free < MINIMUM_FREE:
            raise NoRoom(
                f"Only {free >> 20} MiB are free in the pool, which cannot grow.",
                self.more_space,
                missing=MINIMUM_FREE - free,
                disk=self.folder,
            )

    @property
    def more_space(self) -> str:
        """What to do when the pool is full."""
        if not self.image.exists:
            return "Delete environments or free disk space."
        if self.own:
            return (
                "Delete environments, snapshots or templates, or raise disk_gb of the team; the "
                f"data folder's disk needs {binary_size(self.step + self.keeps())} of free space."
            )
        return (
            "Delete environments, raise [storage] pool_max_gb, or give the data folder's disk more "
            f"than {binary_size(self.step + self.keeps())} of free space."
        )

    def destroy(self) -> bool:
        """Remove the pool with everything in it; return whether there was one.

        Raises:
            UpstreamFailed: a program still uses a file in it.
        """
        image, existed = self.image, self.image.exists or self.folder.exists()
        image.remove()
        for folder in (self.path(""), self.draft("")):
            _remove(folder)
        with suppress(OSError):  # a file system of its own is mounted there
            self.folder.rmdir()
        return existed

    def _has_reflinks(self) -> bool:
        if self._has_image:
            return self.readable
        return has_reflinks(self.folder if self.folder.is_dir() else self.data_dir)

    def refuse_setup(self, *, teams: int = 1) -> None:
        """Refuse to make an image where it cannot work.

        Args:
            teams: how many are to be made.

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
        refuse_copying(self.data_dir)
        free, needed = shutil.disk_usage(self.data_dir).free, teams * self.step + self.keeps()
        if free < needed:
            what = "A pool needs" if teams == 1 else f"The pools of {teams} teams need"
            raise QuotaReached(
                f"{what} {binary_size(needed)} of free space, and "
                f"{binary_size(free)} are free on the data folder's disk.",
                "Free disk space, then run `oduflow storage setup`.",
            )


def _folders_in(parent: Path) -> tuple[str, ...]:
    return tuple(sorted(each.name for each in parent.iterdir())) if parent.is_dir() else ()


def _remove(folder: Path) -> None:
    if folder.is_dir():
        # Tenants choose how deep folders are nested, which this program does not mind.
        run(
            *("rm", "--recursive", "--force", "--one-file-system", "--", str(folder)),
            failure="The files of a volume cannot be removed",
            hint="Call again. `oduflow doctor` lists what is left.",
            seconds=REMOVAL_SECONDS,
        )


def copied(reason: str, hint: str = "", *, ok: bool = True) -> CloneState:
    """Say that files are copied, and why."""
    return CloneState(reflink=False, text=f"copy: {reason}", hint=hint, ok=ok)
