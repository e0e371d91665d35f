"""The lock that allows one server per data folder."""

from pathlib import Path

from oduflow.adapters.locks.flock import HeldLock, holder_of, is_free, take
from oduflow.domain.errors import Conflict

SERVER_LOCK = "server.lock"


class ServerLock:
    """The lock that a server holds until its end."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / SERVER_LOCK

    def acquire(self, holder: str, wait: float = 0) -> HeldLock:
        """Take the lock; keep the returned object until the server's end.

        Args:
            holder: the name that a second server is shown, for example `process 4711`.
            wait: seconds to wait for a server that is shutting down.

        Raises:
            Conflict: another server holds it.
        """
        held = take(self._path, holder, wait=wait)
        if held is None:
            other = holder_of(self._path) or "another process"
            raise Conflict(
                f"A server works on this data folder already: {other}.",
                "Stop it, or give this one a data folder of its own. One process serves with many "
                "threads: under gunicorn use `--workers 1 --threads 35`.",
            )
        return held

    def is_free(self) -> bool:
        """Whether no server runs on the data folder."""
        return is_free(self._path)
