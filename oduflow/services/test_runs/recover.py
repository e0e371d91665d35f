"""Remove the clones of test runs whose process was killed, and runs that are kept for long."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import groupby

from oduflow.domain.clock import now
from oduflow.domain.environment import MOVING, UNFINISHED, Environment
from oduflow.domain.outcome import Status
from oduflow.domain.plan import EnvironmentPlan
from oduflow.domain.test_run import outdated
from oduflow.kernel.locks import Held, LockKey
from oduflow.services.deps import Deps
from oduflow.services.environments.test_clone import TestClone
from oduflow.services.recoverable import Recoverable, Unsettled

log = logging.getLogger(__name__)

_CUT_OFF = "The process that ran the tests ended before they did."


@dataclass(frozen=True, slots=True)
class TestRunRecovery(Recoverable):
    """Implements `Recoverable` for test runs, which their environment's lock is for, too."""

    __test__ = False  # pytest collects classes of such names

    deps: Deps

    def unsettled(self, *, revive: object) -> Iterator[Unsettled]:  # noqa: ARG002
        """Yield the environments that may have a clone which no living process uses."""
        for id_ in dict.fromkeys(run.environment for run in self.deps.store.test_runs.with_clone()):
            environment = self.deps.store.environments.by_id(id_)
            if environment is not None and environment.team in self.deps.settings.teams:
                key = LockKey.environment(environment.team, environment.name)
                yield Unsettled(key, partial(self._settle, id_))

    def prune(self) -> int:
        """Remove the runs that are kept no longer; return how many."""
        rows = sorted(self.deps.store.test_runs.all(), key=lambda run: run.environment)
        old = [
            run
            for _, of in groupby(rows, key=lambda run: run.environment)
            for run in outdated(of, now())
        ]
        for run in old:
            self.deps.store.test_runs.remove(run.id)
        return len(old)

    def _settle(self, environment: str, _held: Held) -> bool:
        row = self.deps.store.environments.by_id(environment)
        if row is not None and row.state not in UNFINISHED and row.step != MOVING:
            settle_runs(self.deps, row)
        return False


def settle_runs(deps: Deps, environment: Environment) -> None:
    """Remove the clone that a dead process left; the caller holds the environment's lock."""
    left = [run for run in deps.store.test_runs.with_clone() if run.environment == environment.id]
    if not left:
        return
    log.warning("removing the clone of %s that tests have left", environment.name)
    deps.infrastructure.wake(environment.team)
    TestClone(deps, EnvironmentPlan.of(deps.naming, environment)).remove()
    for run in left:
        if run.status is Status.RUNNING:
            deps.store.test_runs.update(
                run.id, status=Status.INTERRUPTED, summary=_CUT_OFF, finished_at=now(), clone=False
            )
        else:
            deps.store.test_runs.update(run.id, clone=False)
