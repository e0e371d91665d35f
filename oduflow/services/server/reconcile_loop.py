"""The server's own loop: make the infrastructure, reconcile, and look again every half minute."""

import logging
import threading

from oduflow.domain.errors import Failure
from oduflow.services.access.removed_teams import forget_removed_teams
from oduflow.services.deps import Deps
from oduflow.services.server.reconcile import reconcile

log = logging.getLogger(__name__)

INTERVAL_SECONDS = 30.0
RETRY_SECONDS = 3.0


class Keeper:
    """Keeps the world as the store says, in a thread of its own."""

    def __init__(self, deps: Deps) -> None:
        self._deps = deps
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)
        self._starting = threading.Lock()
        self._started = False
        self._revive = True  # at the next good look: what ran before we lost sight of the engine
        self._database_since = ""
        self._told = ""

    def start(self) -> None:
        """Start the loop; a second call does nothing."""
        with self._starting:
            if not self._started and not self._stop.is_set():
                self._started = True
                self._thread.start()

    def stop(self) -> None:
        """End the loop after the step it is in; does not wait."""
        self._stop.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._stop.wait(INTERVAL_SECONDS if self._look() else RETRY_SECONDS)

    def _look(self) -> bool:
        """Look once; tell each new reason for which environments cannot be created, once."""
        try:
            forget_removed_teams(self._deps)  # first: it needs no engine
            state = self._deps.infrastructure.ensure()
            self._notice_restart(self._deps.infrastructure.database_since())
            reconcile(self._deps, at_start=self._revive)
        except Failure as failure:
            # An engine that comes back has stopped what ran, as a machine that starts has.
            self._revive = True
            self._tell(f"{failure.message} {failure.hint}".strip())
            return False
        except Exception:
            log.exception("the keeper hit a defect")
            return False
        self._tell("" if state.ok else f"Isolation is reduced: {state.reason}")
        if self._revive:
            self._revive = False
            log.info("ready: environments can be created")
        return True

    def _notice_restart(self, database_since: str) -> None:
        """Know an engine that came back between two looks by the database it had stopped."""
        if database_since != self._database_since:
            self._database_since = database_since
            self._revive = True

    def _tell(self, problem: str) -> None:
        if problem and problem != self._told:
            log.warning("%s", problem)
        self._told = problem
