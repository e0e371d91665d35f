"""Locks by key, one file each."""

import hashlib
from collections.abc import Callable
from pathlib import Path

from oduflow.adapters.locks.flock import HeldLock, holder_of, is_free, take
from oduflow.domain.errors import Busy, QuotaReached
from oduflow.kernel.locks import LockKey

_DIGITS = 32
_UNNAMED = "another call"


class FileLocks:
    """Implements `kernel.locks.Locks` in one folder.

    A key may hold anything a person typed, so the file is named by its hash. A key carries its
    team, so a busy answer can only tell of holders in that team.

    Args:
        folder: the folder.
        on_full: frees disk space when no lock can be made on a full disk, else nothing could be
            deleted from it; the lock is tried once more.
    """

    def __init__(self, folder: Path, *, on_full: Callable[[], None] = lambda: None) -> None:
        self._folder = folder
        self._on_full = on_full

    def acquire(self, key: LockKey, holder: str, wait: float = 0) -> HeldLock:
        """Take a lock.

        Args:
            key: what is locked.
            holder: what a busy answer says of us, for example `create_environment by ada`.
            wait: seconds to try; 0 answers at once.

        Raises:
            Busy: another holder has it; the message has its name and age.
            QuotaReached: the disk is full.
            UpstreamFailed: the folder cannot be written.
        """
        path = self._path(key)
        try:
            held = take(path, holder, wait=wait)
        except QuotaReached:
            self._on_full()
            held = take(path, holder, wait=wait)
        if held is None:
            raise Busy(
                f"“{key.name or key.kind}” is busy: {holder_of(path) or _UNNAMED}.",
                "Wait until that ends, or cancel its job, then call again.",
            )
        return held

    def is_free(self, key: LockKey) -> bool:
        """Whether `key` has no holder at this moment."""
        return is_free(self._path(key))

    def holders(self) -> tuple[str, ...]:
        """Return the names of the holders of all keys, each once."""
        held = (
            path
            for path in sorted(self._folder.glob("*.lock"))
            if len(path.stem) == _DIGITS and not is_free(path)
        )
        names = (found.name if (found := holder_of(path)) else _UNNAMED for path in held)
        return tuple(dict.fromkeys(names))

    def _path(self, key: LockKey) -> Path:
        return self._folder / f"{hashlib.sha256(str(key).encode()).hexdigest()[:_DIGITS]}.lock"
