"""Reconcile: make the world agree with the store, and finish or undo what a dead process began.

Runs only in the server, at its start and every half minute, and touches only what it can lock.
What boots Odoo goes on as a job, within the boot limit, so that one environment that hangs holds
up no other. Nothing without a row is ever deleted, except throw-away containers that a killed
process left.
"""

import logging
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from oduflow.adapters.docker.containers import Containers
from oduflow.adapters.store import AuditLog
from oduflow.domain.clock import now
from oduflow.domain.errors import Busy, Failure
from oduflow.domain.plan import Naming
from oduflow.services.groups import WorkGroup
from oduflow.services.recoverable import RECONCILER, Recoverable, Unsettled
from oduflow.services.server.adoption import adopt

log = logging.getLogger(__name__)

JOBS_KEPT = timedelta(days=30)
AUDIT_KEPT = timedelta(days=400)  # a year, and time to look back at it


@dataclass(frozen=True, slots=True)
class Reconciler:
    """Settles every noun's unfinished rows.

    Attributes:
        recoverables: the nouns, each after those that it depends on.
    """

    recoverables: tuple[Recoverable, ...]
    work: WorkGroup
    audit: AuditLog
    containers: Containers
    naming: Naming

    def reconcile(self, *, at_start: bool) -> None:
        """Settle every row whose lock is free.

        Args:
            at_start: also bring back what was running before the engine or the machine restarted.
        """
        for job in self.work.jobs.interrupt_dead():
            log.warning("job %s (%s %s) was interrupted", job.id, job.operation, job.target)
        self.work.jobs.store.prune(now() - JOBS_KEPT)
        self.audit.prune(now() - AUDIT_KEPT)
        self._remove_inspections()
        adopt(self.recoverables)
        for noun in reversed(self.recoverables):
            for row in noun.unsettled(at_start=at_start):
                self._settle(row)

    def _remove_inspections(self) -> None:
        """Remove the containers with which a killed process was inspecting an image."""
        for container in self.containers.list(self.naming.labels("inspect")):
            process = container.labels.get(self.naming.label("process"), "")
            if not Path("/proc", process or "0").exists():
                self.containers.remove(container.name)

    def _settle(self, row: Unsettled) -> None:
        try:
            held = self.work.locks.acquire(row.key, RECONCILER)
        except Busy:
            return  # its owner lives
        passed_on = False
        try:
            passed_on = row.settle(held)
        except Failure as failure:
            log.warning("%s: %s", row.key, failure.message)
        except Exception:
            log.exception("%s: a defect; the other rows are settled all the same", row.key)
        finally:
            if not passed_on:
                held.release()
