"""The limits of a git call: time, disk space, and the caller's wish to stop."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from oduflow.domain.errors import Cancelled, QuotaReached, UpstreamFailed
from oduflow.files.disk_quota import DiskQuota


@dataclass(frozen=True, slots=True)
class RepositoryLimits:
    """How long the calls for one repository may take and how much disk they may use.

    Args:
        ask_seconds: for asking a server for its branches.
        fetch_seconds: for downloading.
        write_seconds: for each step on the local disk.
        stall_seconds: after this long below 1,000 bytes/s, a transfer is given up.
        repository_bytes: git's folder and the checkout together, on disk.
    """

    ask_seconds: float = 30
    fetch_seconds: float = 900
    write_seconds: float = 300
    stall_seconds: int = 60
    repository_bytes: int = 2 * 1024**3

    def quota(self, *folders: Path) -> DiskQuota:
        """Return the disk quota of a repository that fills these folders."""
        return DiskQuota(folders, self.repository_bytes, self._too_large)

    def _too_large(self) -> QuotaReached:
        return QuotaReached(
            f"The repository is larger than {self.repository_bytes / 1024**2:,.0f} MiB on disk.",
            "Use a smaller repository or branch; large files belong outside of git.",
        )


class AbortCheck:
    """Raises when a running git call has to end; `process.run` calls it about every 0.1 s.

    Args:
        doing: what git does, for the message: "downloading from github.com".
        seconds: the most it may take, counted from now.
        cancelled: whether the caller wants it to stop.
        quota: of the folders that it fills.
    """

    def __init__(
        self,
        doing: str,
        seconds: float,
        *,
        cancelled: Callable[[], bool] = lambda: False,
        quota: DiskQuota | None = None,
    ) -> None:
        self._doing = doing
        self._seconds = seconds
        self._deadline = time.monotonic() + seconds
        self._cancelled = cancelled
        self._quota = quota

    def __call__(self) -> None:
        """Return when git may go on.

        Raises:
            Cancelled: the caller asked for it.
            QuotaReached: the disk quota is used up.
            UpstreamFailed: the time is over.
        """
        if self._cancelled():
            raise Cancelled(f"Stopped while {self._doing}.")
        if time.monotonic() > self._deadline:
            raise UpstreamFailed(
                f"Gave up {self._doing} after {self._seconds:g} seconds.",
                "Try again; if it stays so, the git host is slow or hangs.",
            )
        if self._quota:
            self._quota.check()
