"""The reconcile loop: make the infrastructure, reconcile, and repeat every half minute."""

import logging
import threading
from collections.abc import Callable

from oduflow.domain.errors import Failure
from oduflow.services.server.infrastructure import Infrastructure
from oduflow.services.server.reconcile import Reconciler

log = logging.getLogger(__name__)

INTERVAL_SECONDS = 30.0
RETRY_SECONDS = 3.0


class ReconcileLoop:
    """Runs in a thread of its own.

    Args:
        infrastructure: made before each round.
        reconciler: settles the rows of every noun.
        revoke_removed_teams: ends the access of teams that are no longer configured.
    """

    def __init__(
        self,
        infrastructure: Infrastructure,
        reconciler: Reconciler,
        revoke_removed_teams: Callable[[], None],
    ) -> None:
        self._infrastructure = infrastructure
        self._reconciler = reconciler
        self._revoke_removed_teams = revoke_removed_teams
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reconcile-loop", daemon=True)
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
            self._revoke_removed_teams()  # first: it needs no engine
            state = self._infrastructure.ensure()
            self._notice_restart(self._infrastructure.database_since())
            self._reconciler.reconcile(at_start=self._revive)
        except Failure as failure:
            # An engine that comes back has stopped what ran, as a machine that starts has.
            self._revive = True
            self._tell(f"{failure.message} {failure.hint}".strip())
            return False
        except Exception:
            log.exception("the reconcile loop hit a defect")
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
