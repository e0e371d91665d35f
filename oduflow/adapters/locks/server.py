"""One server per data folder."""

from pathlib import Path

from oduflow.adapters.locks.flock import HeldLock, holder_of, is_free, take
from oduflow.domain.errors import Conflict


class ServerLock:
    """The lock that the server holds for as long as it lives."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "server.lock"

    def acquire(self, holder: str, wait: float = 0) -> HeldLock:
        """Become the data folder's server; keep what is returned until the end.

        Args:
            holder: what a second server is told of us, for example `process 4711`.
            wait: seconds to wait for one that is just going down.

        Raises:
            Conflict: another server has it.
        """
        held = take(self._path, holder, wait=wait)
        if held is None:
            other = holder_of(self._path) or "another process"
            raise Conflict(
                f"A server works on this data folder already: {other}.",
                "Stop it, or give this one a data folder of its own. One process serves with many "
                "threads: under gunicorn use `--workers 1 --threads 32`.",
            )
        return held

    def is_free(self) -> bool:
        """Whether no server runs on the data folder."""
        return is_free(self._path)
