"""Wait until a PostgreSQL that was started serves, and remove what hinders its start."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from oduflow.adapters.docker.containers import Containers
from oduflow.adapters.postgres.cluster import Cluster
from oduflow.adapters.postgres.errors import Exhausted
from oduflow.domain.errors import Failure, QuotaReached, UpstreamFailed
from oduflow.services.server.disk import Disk

START_SECONDS = 60.0
STOP_SECONDS = 30
EXHAUSTED_SECONDS = 2.0  # how long PostgreSQL may be full before it is restarted
FULL_SECONDS = 5.0  # how long a start may fail on a full disk without a reserve
POLL_SECONDS = 0.02
SEGMENT = 16 << 20  # bytes of one file of the write-ahead log, which a start may need
RESERVE = 4 * SEGMENT

log = logging.getLogger(__name__)


def database_disk(root: Path, reserve: int) -> Disk:
    """Return the disk of a volume, with a reserve of so many bytes for a start."""
    return Disk(root, minimum=2 * reserve, reserve_bytes=reserve)


@dataclass(slots=True)
class DatabaseStart:
    """One start of a team's PostgreSQL, whose container was started.

    Attributes:
        team: whose.
        name: the container's.
        disk: the disk of its data.
        make_room: called once on a full disk, to end what fills it.
    """

    team: str
    name: str
    containers: Containers
    cluster: Cluster
    disk: Disk
    make_room: Callable[[], None] = lambda: None
    _begun: float = field(default_factory=time.monotonic, init=False)
    _restarted: bool = field(default=False, init=False)
    _has_room: bool = field(default=False, init=False)
    _may_repeat: bool = field(default=False, init=False)

    def wait(self) -> None:
        """Wait until PostgreSQL serves.

        A session that fills the lock table is ended. While PostgreSQL does not answer on a full
        disk the reserve is given up, and the container is started once more if it has ended.

        Raises:
            QuotaReached: the disk is full, and there is no reserve.
            UpstreamFailed: it does not start.
        """
        while True:
            try:
                self.cluster.ready()
            except Failure as cause:
                self._go_on(cause)
            else:
                return

    def _go_on(self, cause: Failure) -> None:
        passed = time.monotonic() - self._begun
        if isinstance(cause, Exhausted):
            self._relieve(cause, passed)
        full = self.disk.free() < SEGMENT
        if full and not self._has_room:
            self._has_room = True
            self._may_repeat = self._free_space()
        if self._running() and passed < (FULL_SECONDS if full else START_SECONDS):
            time.sleep(POLL_SECONDS)
        elif self._may_repeat:
            self._may_repeat = False
            self.containers.start(self.name)
        else:
            raise self._not_started(cause, full=full) from cause

    def _relieve(self, cause: Exhausted, passed: float) -> None:
        """End the session that holds the locks; restart the server when no session can do that."""
        if passed > EXHAUSTED_SECONDS:
            if not self._restarted:
                log.warning("restarting PostgreSQL of team %s: %s", self.team, cause.message)
                self.containers.stop(self.name, timeout=STOP_SECONDS)
                self.containers.start(self.name)
                self._restarted = True
        elif held := self.cluster.end_hoarder():
            log.warning(
                "PostgreSQL of team %s was full: ended the session that held %d locks",
                *(self.team, held),
            )

    def _free_space(self) -> bool:
        """Free what others have filled, else the reserve; return whether there was any of it."""
        self.make_room()
        if self.disk.free() >= SEGMENT:
            return True
        if not self.disk.reserve.exists():
            return False
        log.warning("the disk of team %s's PostgreSQL is full: freeing the reserve", self.team)
        self.disk.give_up_reserve()
        return True

    def _running(self) -> bool:
        facts = self.containers.facts(self.name)
        return facts is not None and facts.status == "running"

    def _not_started(self, cause: Failure, *, full: bool) -> Failure:
        if full:
            return QuotaReached(
                f"PostgreSQL does not start: the disk with its data is full. {cause.message}",
                "Delete environments of the team, or free space on the server's disk; PostgreSQL "
                "then starts by itself.",
            )
        # Its log holds what tenants' code wrote, so no line of it is shown or copied.
        return UpstreamFailed(
            f"PostgreSQL does not start. {cause.message}",
            f"`docker logs {self.name}` shows why, on the server.",
        )
