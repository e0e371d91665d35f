"""The reconcile loop: ensure the infrastructure, keep the databases, reconcile, and repeat.

The firewall is kept by a thread of its own: no database, container or row delays it. Others do
what has no hurry: measuring what is on disk, and preparing environments.
"""

import logging
import threading
from collections.abc import Callable, Mapping

from oduflow.domain.errors import Failure
from oduflow.services.server.infrastructure import Infrastructure
from oduflow.services.server.reconcile import Reconciler

log = logging.getLogger(__name__)

INTERVAL_SECONDS = 30.0
RETRY_SECONDS = 3.0
LOOK_SECONDS = 3.0  # a database that ended is started again at the next look
FIREWALL_SECONDS = 3.0  # a rule that another program removed is back after this long


class ReconcileLoop:
    """Runs the rounds in a thread, and keeps the firewall's rules in another.

    Args:
        infrastructure: ensured at the start of each round.
        reconciler: settles the rows of every noun.
        revoke_removed_teams: revokes the access of teams that are no longer configured.
        background: functions that each run in a thread of their own until the event is set.
    """

    def __init__(
        self,
        infrastructure: Infrastructure,
        reconciler: Reconciler,
        revoke_removed_teams: Callable[[], None],
        background: Mapping[str, Callable[[threading.Event], None]],
    ) -> None:
        self._infrastructure = infrastructure
        self._reconciler = reconciler
        self._revoke_removed_teams = revoke_removed_teams
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reconcile-loop", daemon=True)
        self._firewall = threading.Thread(target=self._keep_firewall, name="firewall", daemon=True)
        self._background = [
            threading.Thread(target=work, args=(self._stop,), name=name, daemon=True)
            for name, work in background.items()
        ]
        self._starting = threading.Lock()
        self._started = False
        # The teams whose next successful round starts the environments that the engine stopped.
        self._revive = infrastructure.teams()
        self._served = False
        self._logged_problem = ""

    def start(self) -> None:
        """Start the loop; a second call does nothing."""
        with self._starting:
            if not self._started and not self._stop.is_set():
                self._started = True
                self._thread.start()
                self._firewall.start()
                for thread in self._background:
                    thread.start()

    def stop(self) -> None:
        """Stop the loop after its current round, without waiting for it."""
        self._stop.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            if self._round():
                self._pause()
            else:
                self._stop.wait(RETRY_SECONDS)

    def _keep_firewall(self) -> None:
        while not self._stop.wait(FIREWALL_SECONDS):
            try:
                self._infrastructure.keep_firewall()
            except Failure:
                continue  # the engine does not answer, which the round says
            except Exception:
                log.exception("the firewall's rules could not be kept")

    def _pause(self) -> None:
        """Wait for the next round, which begins early when a needed database has ended."""
        for _ in range(int(INTERVAL_SECONDS / LOOK_SECONDS)):
            if self._stop.wait(LOOK_SECONDS) or self._database_ended():
                return

    def _database_ended(self) -> bool:
        try:
            return self._infrastructure.databases.ended()
        except Failure:
            return True  # the round says what is wrong

    def _round(self) -> bool:
        """Run one round; return whether it succeeded."""
        try:
            self._revoke_removed_teams()  # first: it needs no engine
            state = self._infrastructure.ensure()
            found = self._infrastructure.databases.keep()
            # A database with a new start time shows an engine that restarted between two rounds.
            revive = (self._revive | found.restarted) - found.broken
            self._reconciler.reconcile(revive=revive, broken=found.broken)
        except Failure as failure:
            # The engine may have restarted, which stops environments as a reboot does.
            self._revive = self._infrastructure.teams()
            self._served = False
            self._log_once(f"{failure.message} {failure.hint}".strip())
            return False
        except Exception:
            log.exception("the reconcile loop hit a defect")
            return False
        self._log_once("" if state.ok else f"Isolation is reduced: {state.reason}")
        self._revive = found.broken
        if not self._served:
            self._served = True
            log.info("ready: environments can be created")
        return True

    def _log_once(self, problem: str) -> None:
        """Log a problem when it differs from that of the last round."""
        if problem and problem != self._logged_problem:
            log.warning("%s", problem)
        self._logged_problem = problem
