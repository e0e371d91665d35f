"""The layers of one filestore: generations, of which one is in use, and the copies of snapshots.

    current -> gen-0            the generation that the engine mounts
    gen-0/upper, gen-0/work     the environment's own files, and overlayfs's own folder
    snapshots/<id>              a copy of an `upper`
    tests/upper, tests/work     a snapshot's files, while tests run on them

The folder is in no mount of a container. The kernel follows `current` when the volume is mounted,
so one rename exchanges a whole filestore.
"""

import errno
import os
from dataclasses import dataclass
from pathlib import Path

from oduflow.adapters.filestore.clone import (
    copy_tree,
    failed,
    make_durable,
    own_tree,
    remove_tree,
    synchronise,
)
from oduflow.adapters.filestore.listing import listing
from oduflow.domain.errors import UpstreamFailed
from oduflow.files.usage import size_of_copy

FIRST = "gen-0"
CURRENT = "current"
TESTS = "tests"
_NEW = ".new"


@dataclass(frozen=True, slots=True)
class Layers:
    """The layers of one filestore.

    Attributes:
        root: the folder of all of them.
    """

    root: Path

    @property
    def upper(self) -> Path:
        """The files of the generation in use, by a path that stays the same."""
        return self.upper_of(CURRENT)

    @property
    def work(self) -> Path:
        """Overlayfs's own folder beside `upper`."""
        return self.work_of(CURRENT)

    def upper_of(self, generation: str) -> Path:
        """Return the folder with the files of a generation."""
        return self.root / generation / "upper"

    def work_of(self, generation: str) -> Path:
        """Return overlayfs's own folder beside them."""
        return self.root / generation / "work"

    @property
    def current(self) -> str:
        """The name of the generation in use; empty when there is none."""
        try:
            return str((self.root / CURRENT).readlink())
        except OSError:
            return ""

    def make(self, generation: str, uid: int, gid: int, source: Path | None = None) -> None:
        """Make a generation that is not in use, with a copy of `source` or empty.

        A copy is on the disk when this returns. The call may be repeated: the rest of a killed one
        is replaced.

        Args:
            generation: its name.
            uid: the owner of the files.
            gid: their group.
            source: a folder to copy.
        """
        folder = self.root / generation
        self.remove(generation)
        try:
            for made in (folder, folder / "work"):
                made.mkdir(mode=0o700)
            if source is None:
                (folder / "upper").mkdir(mode=0o755)
                os.chown(folder / "upper", uid, gid)
        except OSError as cause:
            raise failed(cause, done="prepared") from cause
        if source is not None:
            copy_tree(source, folder / "upper")
            own_tree(folder / "upper", uid, gid)
            synchronise(folder)

    def adopt(self, generation: str, files: Path, *, lasting: bool = True) -> None:
        """Make a generation that is not in use of a snapshot's files, also of another filestore.

        They are moved, or copied where both are on different disks, and keep their owner. The call
        may be repeated unless the files were moved already.

        Args:
            generation: its name.
            files: the snapshot's folder; it is gone afterwards unless it was copied.
            lasting: whether they are on the disk when this returns.
        """
        folder = self.root / generation
        self.remove(generation)
        try:
            for made in (folder, folder / "work"):
                made.mkdir(mode=0o700)
            files.rename(folder / "upper")
        except OSError as cause:
            if cause.errno != errno.EXDEV:
                raise failed(cause, done="taken over") from cause
            copy_tree(files, folder / "upper")
        if lasting:
            synchronise(folder)

    def switch(self, generation: str) -> None:
        """Use another generation from the next start of the container on."""
        new = self.root / f"{CURRENT}{_NEW}"
        try:
            new.unlink(missing_ok=True)
            new.symlink_to(generation)
            new.replace(self.root / CURRENT)
        except OSError as cause:
            raise failed(cause, done="exchanged") from cause

    def remove(self, generation: str) -> None:
        """Remove a generation that is not in use; a missing one is no error."""
        if generation == self.current:
            raise UpstreamFailed("The filestore in use is not removed.")
        remove_tree(self.root / generation)

    def generations(self) -> tuple[str, ...]:
        """List the generations, also those that a kill left."""
        return tuple(sorted(each.name for each in self.root.glob("gen-*")))

    def keep(self, snapshot: str) -> None:
        """Copy the generation in use for a snapshot; nothing may write to it meanwhile.

        The copy is on the disk after `synchronise`, for which nothing need wait.
        """
        try:
            self.files_of(snapshot).parent.mkdir(mode=0o700, exist_ok=True)
        except OSError as cause:
            raise failed(cause, done="kept") from cause
        copy_tree(self.upper, self.files_of(snapshot))

    def holds(self, snapshot: str) -> bool:
        """Whether the generation in use has the files of a snapshot and no others.

        Names, sizes and times of change are compared, not contents. Nothing may write meanwhile.
        """
        try:
            both = (self.upper, self.files_of(snapshot))
            return all(each.is_dir() for each in both) and len({*map(listing, both)}) == 1
        except OSError as cause:
            raise failed(cause, done="compared") from cause

    def size_of_copy(self, files: Path) -> int:
        """Return the bytes that a copy of an `upper` takes: none where files can share blocks."""
        try:
            return size_of_copy(files)
        except OSError as cause:
            raise failed(cause, done="measured") from cause

    def synchronise(self) -> None:
        """Write to the disk what was copied."""
        synchronise(self.root)

    def retire(self, generation: str, snapshot: str) -> None:
        """Make the files of a generation that is not in use those of a snapshot, without a copy.

        The call may be repeated.
        """
        upper = self.root / generation / "upper"
        try:
            self.files_of(snapshot).parent.mkdir(mode=0o700, exist_ok=True)
            if upper.is_dir():
                upper.rename(self.files_of(snapshot))
        except OSError as cause:
            raise failed(cause, done="kept") from cause
        self.remove(generation)
        make_durable(self.root)

    def forget(self, snapshot: str) -> None:
        """Remove the files of a snapshot; missing ones are no error."""
        remove_tree(self.files_of(snapshot))

    def files_of(self, snapshot: str) -> Path:
        """Return the folder with a snapshot's files."""
        return self.root / "snapshots" / snapshot
