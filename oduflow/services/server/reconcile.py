"""Reconcile: compare rows with Docker, and finish or undo the work of processes that died.

Runs only in the server, at its start and every half minute, and changes only rows whose lock is
free. Teams are settled in parallel, and a row that hangs delays the other rows of its team for a
few seconds: its thread goes on, and holds the row's lock. Starting an Odoo continues as a job
within the boot limit. Objects without a row are never deleted, except image inspection containers
that a killed process left.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from oduflow.adapters.docker.containers import Containers
from oduflow.adapters.store import AuditLog
from oduflow.domain.clock import now
from oduflow.domain.errors import Busy, Failure
from oduflow.domain.job import JOBS_KEPT
from oduflow.domain.plan import Naming
from oduflow.files.process_mark import lives
from oduflow.services.groups import WorkGroup
from oduflow.services.recoverable import (
    RECONCILER,
    Recoverable,
    TeamWork,
    Unsettled,
    of_one_noun,
)
from oduflow.services.server.adoption import adopt

log = logging.getLogger(__name__)

AUDIT_KEPT = timedelta(days=400)  # a year, and a month to read it
ROW_SECONDS = 5.0  # before the next row of the team is settled beside it
ROUND_SECONDS = 30.0  # before the round ends without the teams that need longer


@dataclass(frozen=True, slots=True)
class Reconciler:
    """Settles the unfinished rows of every noun.

    Attributes:
        recoverables: every noun, each after those that it depends on.
    """

    recoverables: tuple[Recoverable, ...]
    work: WorkGroup
    audit: AuditLog
    containers: Containers
    naming: Naming
    _at_work: set[str] = field(default_factory=set, init=False)

    def reconcile(
        self, *, revive: AbstractSet[str], broken: AbstractSet[str] = frozenset()
    ) -> None:
        """Settle every row whose lock is free.

        Args:
            revive: the teams whose environments that ran before the engine or the machine
                restarted are started.
            broken: the teams whose rows wait, because their database cannot be used.
        """
        for job in self.work.jobs.interrupt_dead():
            log.warning("job %s (%s %s) was interrupted", job.id, job.operation, job.target)
        self.work.jobs.store.prune(now() - JOBS_KEPT)
        self.audit.prune(now() - AUDIT_KEPT)
        self._remove_inspections()
        adopt(self.recoverables)
        for noun in self.recoverables:
            with of_one_noun(noun):
                noun.prune()
        teams: dict[str, _TeamRound] = {}
        for noun in reversed(self.recoverables):
            with of_one_noun(noun):
                for row in noun.unsettled(revive=revive):
                    teams.setdefault(row.key.team, _TeamRound(row.key.team)).rows.append(row)
            with of_one_noun(noun):
                for work in noun.team_work():
                    teams.setdefault(work.team, _TeamRound(work.team)).work.append(work)
        threads = [
            _thread(self._settle_team, found) for team, found in teams.items() if team not in broken
        ]
        deadline = time.monotonic() + ROUND_SECONDS
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _remove_inspections(self) -> None:
        """Remove the image inspection containers of processes that no longer exist."""
        for container in self.containers.list(self.naming.labels("inspect")):
            process = container.labels.get(self.naming.label("process"), "")
            if not lives(process):
                self.containers.remove(container.name)

    def _settle_team(self, found: "_TeamRound") -> None:
        self._settle_rows(found.rows)
        if found.team in self._at_work:
            return  # a former round still asks the team's PostgreSQL
        self._at_work.add(found.team)
        try:
            for work in found.work:
                self._do(work)
        finally:
            self._at_work.discard(found.team)

    def _do(self, work: TeamWork) -> None:
        try:
            self._settle_rows(work.run())
        except Failure as failure:
            log.warning("team %s: %s", work.team, failure.message)
        except OSError as cause:
            log.warning("team %s: its files cannot be reached: %s", work.team, cause)
        except Exception:
            log.exception("team %s: a defect in the work of recovery", work.team)

    def _settle_rows(self, rows: Iterable[Unsettled]) -> None:
        for row in rows:
            thread = _thread(self._settle, row)
            thread.join(ROW_SECONDS)
            if thread.is_alive():
                log.warning("%s is not settled after %g seconds", row.key, ROW_SECONDS)

    def _settle(self, row: Unsettled) -> None:
        try:
            held = self.work.locks.acquire(row.key, RECONCILER)
        except Busy:
            return  # a living process works on it
        except Failure as failure:
            log.warning("%s: %s", row.key, failure.message)
            return
        passed_on = False
        try:
            passed_on = row.settle(held)
        except Failure as failure:
            log.warning("%s: %s", row.key, failure.message)
        except OSError as cause:
            log.warning("%s: its files cannot be reached: %s", row.key, cause)
        except Exception:
            log.exception("%s: a defect; the other rows are settled", row.key)
        finally:
            if not passed_on:
                held.release()


@dataclass(frozen=True, slots=True)
class _TeamRound:
    """What a round does for one team."""

    team: str
    rows: list[Unsettled] = field(default_factory=list)
    work: list[TeamWork] = field(default_factory=list)


def _thread(target: Callable[[Any], None], argument: object) -> threading.Thread:
    thread = threading.Thread(target=target, args=(argument,), name="reconcile", daemon=True)
    thread.start()
    return thread
