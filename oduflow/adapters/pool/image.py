"""A file that holds an XFS file system with reflinks, mounted by a loop device.

Every block is allocated: a sparse file on a full disk loses writes that PostgreSQL was told are
safe. So the file system in it is never trimmed, which would make the file sparse.
"""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from oduflow.adapters.pool.blocks import refuse_copying, xfs_bytes
from oduflow.adapters.pool.mounts import device_at
from oduflow.adapters.pool.programs import run
from oduflow.adapters.pool.turns import WAIT_SECONDS, turn
from oduflow.domain.errors import Busy, UpstreamFailed
from oduflow.files.private import make_folder, writing

_MKFS = ("mkfs.xfs", "-q", "-K", "-m", "reflink=1", "-d", "agcount=2", "-l", "size=64m")
_OPTIONS = "loop,noatime,nodev,nosuid"
_DETACH_SECONDS = 30.0
_POLL_SECONDS = 0.05
_UMOUNT_TRIES = 20
_LEAST_GROWTH = 1 << 20  # bytes; XFS leaves out fewer than make a group of blocks


class ImageState(StrEnum):
    """What became of an image, as everyone must ask before a look below its folder."""

    NEVER_MADE = "never made"
    LOST = "lost"
    UNMOUNTED = "not mounted"
    SHUT_DOWN = "shut down"
    REPLACED = "replaced"
    MOUNTED = "mounted"


@dataclass(frozen=True, slots=True)
class PoolImage:
    """The image file, the mark that it was made, and the folder where it is mounted.

    The mark is a file of its own, so that an image that is gone is not taken for one that was never
    made. It is written once the image is complete, before anything is kept in it, and removed
    before the image is. Each method can be repeated after a kill at any moment.

    Attributes:
        file: the image.
        target: the folder.
        note: the mark.
    """

    file: Path
    target: Path
    note: Path

    @property
    def exists(self) -> bool:
        """Whether there is a complete image."""
        return self.file.is_file()

    @property
    def mounted(self) -> bool:
        """Whether the folder shows the image."""
        return self._device() is not None

    @property
    def state(self) -> ImageState:
        """What became of the image."""
        if self.mounted:
            return ImageState.MOUNTED if self._answers() else ImageState.SHUT_DOWN
        if device_at(self.target) is not None:
            return ImageState.REPLACED
        if self.exists:
            return ImageState.UNMOUNTED
        return ImageState.LOST if self.note.exists() else ImageState.NEVER_MADE

    @property
    def size(self) -> int:
        """Bytes of the disk that the image takes, also while it is being made."""
        return max(
            (each.stat().st_size for each in (self.file, self._draft) if each.is_file()), default=0
        )

    def require_mounted(self) -> None:
        """Refuse work on files that are in an image which is not mounted.

        Raises:
            UpstreamFailed: it is not; the message says what became of it.
        """
        state = self.state
        if state is not ImageState.MOUNTED:
            raise self._refusal(state)

    def refuse_lost(self) -> None:
        """Refuse to begin anew where files were, whose image may be brought back.

        Raises:
            UpstreamFailed: the image is gone.
        """
        state = self.state
        if state in {ImageState.LOST, ImageState.REPLACED}:
            raise self._refusal(state)

    def _refusal(self, state: ImageState) -> UpstreamFailed:
        if state is ImageState.LOST:
            return UpstreamFailed(
                f"The pool's image is gone: {self.file}.",
                "Bring it back, such as from a backup. It is not replaced by an empty one; a team "
                "without a backup goes on under another name in the configuration.",
            )
        if state is ImageState.REPLACED:
            return UpstreamFailed(
                f"{self.target} shows another file system than {self.file}.",
                "If the image was removed or replaced while it was mounted, its files are whole "
                f"there: stop the containers of its team, and copy them from {self.target} before "
                "you unmount it.",
            )
        if state is ImageState.SHUT_DOWN:
            return UpstreamFailed(
                "The pool's file system has shut itself down.",
                "`dmesg` says why. Once the containers of its team have ended, it is mounted "
                "again.",
            )
        if state is ImageState.NEVER_MADE:
            return UpstreamFailed(
                "The pool's image could not be made yet.",
                "The server makes it as soon as the disk has room for it; its log says what "
                "hinders it.",
            )
        return UpstreamFailed(
            "The pool's image is not mounted.",
            "The server mounts it when it starts; its log says what hinders it.",
        )

    @property
    def unfinished(self) -> bool:
        """Whether a growth was cut off: the image is larger than the file system in it.

        Raises:
            OSError: the file system cannot be asked, as one that has shut itself down.
        """
        if not self.mounted:
            return False
        return self.file.stat().st_size - xfs_bytes(self.target) >= _LEAST_GROWTH

    def make(self, size: int, check: Callable[[], None] = lambda: None) -> None:
        """Make an image with an empty file system; a killed run leaves a file that is replaced.

        Args:
            size: its size in bytes, all of which is allocated.
            check: refuses it for lack of room. It is asked while no other image of the same folder
                takes space.

        Raises:
            Busy: others take space for too long.
            QuotaReached: the disk has no room for it.
            UpstreamFailed: the file system cannot be made, would lose what is written to it, or the
                image that was here is gone.
        """
        draft = self._draft
        self.refuse_lost()
        refuse_copying(draft.parent)
        draft.unlink(missing_ok=True)
        try:
            with writing(), draft.open("xb") as file:
                os.fchmod(file.fileno(), 0o600)
                with turn(draft.parent) as held:
                    _require_turn(held=held)
                    check()
                    os.posix_fallocate(file.fileno(), 0, size)
            run(*_MKFS, str(draft), failure="The pool's file system cannot be made", hint=_LOOK)
            with writing(), draft.open("rb") as file:
                os.fsync(file.fileno())
                draft.replace(self.file)
                _sync(self.file.parent)
            self.mark()
        except BaseException:
            draft.unlink(missing_ok=True)
            raise

    def mark(self) -> None:
        """Remember durably that the image was made, also after a kill before that."""
        if not self.note.exists():
            make_folder(self.note.parent)
            with writing():
                self.note.touch(mode=0o600)
                _sync(self.note.parent)

    def mount(self) -> None:
        """Mount the image unless it is mounted.

        One that has shut itself down is taken away, so that its folder is as that of an image that
        is not mounted. It comes back once no program uses it any more.

        Raises:
            UpstreamFailed: the kernel refuses it; the message has the reason.
        """
        if self.mounted:
            if self._answers():
                return
            self._take_away()
        if self.state is ImageState.REPLACED:  # nothing is mounted over files that are in use
            raise self._refusal(ImageState.REPLACED)
        make_folder(self.target)
        run(
            *("mount", "-t", "xfs", "-o", _OPTIONS, str(self.file), str(self.target)),
            failure="The pool's image cannot be mounted",
            hint=_LOOK,
        )
        if not self._answers():
            self._take_away()
            raise self._refusal(ImageState.SHUT_DOWN)

    def _answers(self) -> bool:
        try:
            self.target.stat()
        except OSError:
            return False
        return True

    def _take_away(self) -> None:
        run(
            *("umount", "--lazy", str(self.target)),
            failure="The pool's file system has shut itself down, and cannot be unmounted",
            hint=_LOOK,
        )

    def grow(self, by: Callable[[], int], *, wait: float = WAIT_SECONDS) -> int:
        """Make the image and its file system larger while it is used.

        A growth that was cut off is finished first.

        Args:
            by: returns by how many bytes. It is asked while no other process or thread grows an
                image of the same folder, because what one of those did may be enough, or have
                taken the disk's space.
            wait: for how many seconds to wait for another growth of this image.

        Returns:
            By how many bytes it has grown; 0 also when it is not mounted, or when another one
            still grows.

        Raises:
            QuotaReached: the disk has no room for it; nothing changed.
            UpstreamFailed: the loop device or the file system refuses it.
        """
        device = self._device()
        if device is None:
            return 0
        with writing(), turn(self.file, wait) as held:
            if not held:
                return 0
            if self.unfinished:
                self._enlarge(device)
            with turn(self.file.parent) as mine:  # no longer than the allocation takes
                step = by() if mine else 0
                if step > 0:
                    self._allocate(step)
            if step > 0:
                self._enlarge(device)
            return step

    def _allocate(self, step: int) -> None:
        """Allocate more of the disk.

        It is not synchronised, which would write all that the team has written, while other teams
        wait for their turn: the larger file system is in its own journal first once the device was
        flushed, and with it the image's size.
        """
        with self.file.open("r+b") as file:
            old = os.fstat(file.fileno()).st_size
            try:
                os.posix_fallocate(file.fileno(), old, step)
            except OSError:
                os.ftruncate(file.fileno(), old)  # the device does not know the new part yet
                raise

    def _enlarge(self, device: str) -> None:
        """Let the device and the file system have all of the image."""
        hint = "The next round tries again. " + _LOOK
        device_failure = "The pool's device cannot grow"
        run("losetup", "--set-capacity", device, failure=device_failure, hint=hint)
        run("xfs_growfs", str(self.target), failure="The pool's file system cannot grow", hint=hint)

    def remove(self) -> None:
        """Unmount the image and delete it.

        Raises:
            UpstreamFailed: a program still uses a file in it.
        """
        for attempt in range(1, _UMOUNT_TRIES + 1):
            if not self.mounted:
                break
            try:
                run("umount", str(self.target), failure="The pool cannot be unmounted", hint=_BUSY)
            except UpstreamFailed:
                if attempt == _UMOUNT_TRIES:
                    raise
                time.sleep(_POLL_SECONDS * attempt)
        # A container that is just starting has a copy of the mounts. Until it has left them, a new
        # image's mount could show the old file system.
        deadline = time.monotonic() + _DETACH_SECONDS
        while self.exists and self._attached():
            if time.monotonic() > deadline:
                raise UpstreamFailed(f"{self.file} is still mounted elsewhere.", _BUSY)
            time.sleep(_POLL_SECONDS)
        for file in (self.note, self.file, self._draft):  # an image without a mark is not lost
            _unlink(file)
        with suppress(OSError):  # it is missing, or not empty: files that are not the image's
            self.target.rmdir()

    @property
    def _draft(self) -> Path:
        return self.file.with_name(f"{self.file.name}.new")

    def _attached(self) -> bool:
        listed = run(
            "losetup",
            "--associated",
            str(self.file),
            failure="The loop devices cannot be listed",
            hint=_LOOK,
        )
        return bool(listed.strip())

    def _device(self) -> str | None:
        """Return the loop device that is mounted at the folder, if the image is behind it."""
        found = device_at(self.target)
        if found is None:
            return None
        try:
            backing = _backing(found)
        except OSError:
            return None  # not a loop device
        return found if backing == str(self.file.resolve()) else None


_LOOK = "`dmesg` may say more; `oduflow doctor` shows the state of the pool."
_BUSY = "A program works in the pool: `fuser -vm` with its folder names it. End it, call again."


def _require_turn(*, held: bool) -> None:
    if not held:
        raise Busy("Other pools are growing.", "Call again in a minute.")


def _unlink(file: Path) -> None:
    """Remove a file durably, before what is removed next; a missing one is no error."""
    if file.exists():
        file.unlink()
        _sync(file.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _backing(device: str) -> str:
    return (Path("/sys/block") / Path(device).name / "loop/backing_file").read_text().strip()
