"""Compare environments with their branches, in the background and within a limit of time.

The result is a file in the environment's folder, so that every process shows it, it goes with the
environment, and a call never waits long for a slow git server.
"""

import threading
from collections import Counter
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

from cachetools import TTLCache
from pydantic import ValidationError

from oduflow.adapters.git.heads import RemoteHead
from oduflow.adapters.git.repository import GitRepositories
from oduflow.domain.branch_check import BranchCheck
from oduflow.domain.clock import now
from oduflow.domain.environment import Environment
from oduflow.domain.errors import Failure, NotFound
from oduflow.domain.plan import EnvironmentPlan, Naming
from oduflow.domain.progress_monitor import ProgressMonitor
from oduflow.files.private import write_private
from oduflow.files.regular import read_regular
from oduflow.kernel.call import Call

FRESH = timedelta(seconds=10)  # a younger result is shown without asking the server again
RETRY_SECONDS = 60.0  # after a server did not answer
MOST_OF_A_TEAM = 2  # fewer than its places among git's calls, so that other work goes on
MOST_FAILED = 1000  # environments whose failure is remembered
MAX_BYTES = 4096


def default_head(repositories: GitRepositories, call: Call, url: str) -> RemoteHead:
    """Ask the server of a repository for its default branch, and the commit that it is at.

    Raises:
        Cancelled: the call's job was cancelled meanwhile.
        Failure: as in `GitRepositories.resolve_branch`.
    """
    monitor = ProgressMonitor(cancelled=call.cancelled)
    return repositories.resolve_branch(url, None, team=call.actor.team, monitor=monitor)


@dataclass(frozen=True, slots=True)
class BranchChecks:
    """Asks git servers about branches: once at a time for an environment, a few for a team.

    Attributes:
        naming: the folders.
        repositories: the git servers.
    """

    naming: Naming
    repositories: GitRepositories
    _running: dict[str, Future[BranchCheck | None]] = field(default_factory=dict, init=False)
    _of_team: Counter[str] = field(default_factory=Counter, init=False)
    _failed: TTLCache[str, bool] = field(
        default_factory=lambda: TTLCache(MOST_FAILED, RETRY_SECONDS), init=False
    )
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def current(self, row: Environment, *, wait: float) -> BranchCheck | None:
        """Return a fresh comparison, or the last one when the server needs longer than `wait`.

        A server that did not answer in time goes on being asked, for the next call.

        Args:
            row: the environment.
            wait: seconds.
        """
        last = read_check(self.naming, row)
        if not row.commit or (last is not None and now() - last.checked_at < FRESH):
            return last
        running = self._begin(row)
        if running is not None:
            with suppress(TimeoutError):
                return running.result(wait) or last
        return read_check(self.naming, row)  # which may know already that the branch moved

    def record(self, row: Environment, commit: str) -> None:
        """Store that the environment has just been checked out at the branch's newest commit."""
        self._write(row, BranchCheck(commit=commit, newest=commit, behind=0, checked_at=now()))

    def _begin(self, row: Environment) -> Future[BranchCheck | None] | None:
        """Start a comparison, or return the running one; None while none may be started."""
        with self._lock:
            if row.id in self._running:
                return self._running[row.id]
            if self._of_team[row.team] >= MOST_OF_A_TEAM or row.id in self._failed:
                return None
            future: Future[BranchCheck | None] = Future()
            self._running[row.id] = future
            self._of_team[row.team] += 1
        thread = threading.Thread(target=self._run, args=(row, future), name="branch", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the machine has no thread left; the place must be free again
            self._end(row, failed=True)
            return None
        return future

    def _run(self, row: Environment, future: Future[BranchCheck | None]) -> None:
        check, failed = None, False
        try:
            check = self._ask(row)
            self._write(row, check)
            if check.moved and check.newest:
                check = self._count(row, check)
                self._write(row, check)
        except (Failure, OSError):
            failed = True
        finally:
            self._end(row, failed=failed)
            future.set_result(check)

    def _end(self, row: Environment, *, failed: bool) -> None:
        with self._lock:
            del self._running[row.id]
            self._of_team[row.team] -= 1
            if failed:
                self._failed[row.id] = True

    def _ask(self, row: Environment) -> BranchCheck:
        moment = now()
        try:
            head = self.repositories.resolve_branch(row.repo_url, row.branch, team=row.team)
        except NotFound:
            return BranchCheck(commit=row.commit, newest="", behind=None, checked_at=moment)
        behind = 0 if head.commit == row.commit else None
        return BranchCheck(
            commit=row.commit,
            newest=head.commit,
            source=head.source,
            behind=behind,
            checked_at=moment,
        )

    def _count(self, row: Environment, check: BranchCheck) -> BranchCheck:
        behind = self.repositories.count_commits(
            row.repo_url, check.source, since=row.commit, team=row.team
        )
        return check.model_copy(update={"behind": behind})

    def _write(self, row: Environment, check: BranchCheck) -> None:
        path = EnvironmentPlan.of(self.naming, row).branch_check
        if path.parent.is_dir():  # the environment may have been deleted meanwhile
            write_private(path, check.model_dump_json())


def read_check(naming: Naming, row: Environment) -> BranchCheck | None:
    """Return the last comparison of the environment's commit; None without one."""
    text = read_regular(EnvironmentPlan.of(naming, row).branch_check, MAX_BYTES)
    try:
        check = BranchCheck.model_validate_json(text or "")
    except ValidationError:
        return None
    return check if check.commit == row.commit else None
