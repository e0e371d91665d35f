"""Check out extra repos: one folder a commit, shared by the environments pinned to it.

Creating or removing a checkout requires the extra repo's lock. A checkout is written to a temporary
name and renamed when it is complete; a pin gets its commit after that and under the lock, so a pin
with a commit always has its checkout. A checkout whose commit no pin names is unused.
"""

import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from oduflow.adapters.git.shared_store import SharedStore
from oduflow.adapters.locks.flock import HeldLock
from oduflow.adapters.store import Environments, ExtraRepos
from oduflow.domain.environment import Environment
from oduflow.domain.errors import Busy, Conflict, Invalid
from oduflow.domain.extra_repo import ExtraRepo, ExtraRepoState, Pin, is_commit, split_reference
from oduflow.domain.next_call import Next
from oduflow.domain.plan import ExtraRepoPlan, Naming
from oduflow.domain.progress_monitor import ProgressMonitor
from oduflow.files.private import writing
from oduflow.kernel.call import Call
from oduflow.kernel.locks import LockKey
from oduflow.services.deps import Deps
from oduflow.services.extra_repos.fetch import fetch_branch, write_description
from oduflow.services.groups import StoreGroup

LOCK_SECONDS = 900.0  # as long as a fetch may take
_NEW = ".new-"
_REMOVED = ".gone-"

Record = Callable[[Pin], None]
Tell = Callable[[str], None]


def choose_pins(extra_repos: ExtraRepos, team: str, references: tuple[str, ...]) -> tuple[Pin, ...]:
    """Return the pins of a new environment, without commits.

    Raises:
        Invalid: the team has no extra repo of that name.
    """
    if not references:
        return ()
    ready = {row.name: row for row in extra_repos.list(team) if row.state is ExtraRepoState.READY}
    pins = []
    for name, branch in map(split_reference, references):
        row = ready.get(name)
        if row is None:
            raise Invalid(
                f"There is no extra repo “{name}”.",
                f"Extra repos: {', '.join(ready)}." if ready else "",
                *(() if ready else (Next.of("add_extra_repo", "adds it", name=name),)),
            )
        pins.append(Pin(row.id, row.name, row.repo_url, branch or row.branch))
    return tuple(pins)


def check_out_extra_repos(deps: Deps, call: Call, row: Environment, tell: Tell) -> Environment:
    """Check out every pin of an environment.

    A pin without a commit gets the newest fetched commit of its branch.

    Returns:
        The environment's row with pinned commits.

    Raises:
        NotFound: an extra repo has no such branch.
        Failure: a checkout could not be created.
    """
    for position, pin in enumerate(row.extra_repos):

        def record(pinned: Pin, position: int = position) -> None:
            nonlocal row
            pins = list(row.extra_repos)
            pins[position] = pinned
            row = deps.store.environments.update(row.id, extra_repos=tuple(pins))

        tell(f"checking out {pin.reference}")
        work = _Checkout(deps, call, tell)
        with work.locked(row.team, pin.name):
            work.ensure(row.team, pin, record)
    return row


def clear_pinned_commits(environments: Environments, row: Environment) -> Environment:
    """Remove the commits from the pins, so that the next checkout pins to the newest ones."""
    pins = tuple(replace(pin, commit="") for pin in row.extra_repos)
    return environments.update(row.id, extra_repos=pins)


def checkout_folders(naming: Naming, row: Environment) -> dict[str, Path]:
    """Return the checkout folders of an environment's pins by their names, in their order."""
    return {
        pin.name: ExtraRepoPlan.pinned(naming, row.team, pin).checkout(pin.commit)
        for pin in row.extra_repos
    }


def release_checkouts(deps: Deps, team: str, environment: str) -> None:
    """Remove the checkouts that only this environment uses, before its row is deleted.

    The reconciler does this later for an extra repo whose lock is held.
    """
    row = deps.store.environments.by_id(environment)
    for pin in row.extra_repos if row is not None else ():
        with (
            suppress(Busy),
            deps.work.locks.acquire(LockKey.extra_repo(team, pin.name), "cleaning up"),
        ):
            remove_unused_checkouts(deps.naming, deps.store, team, pin.repo, without=environment)


def remove_unused_checkouts(
    naming: Naming, store: StoreGroup, team: str, repo: str, *, without: str = ""
) -> None:
    """Remove an extra repo's unused checkouts; the caller holds its lock.

    Args:
        naming: the names of everything that this instance creates.
        store: the tables.
        team: the extra repo's team.
        repo: the extra repo's id.
        without: the id of an environment whose pins do not count.
    """
    for folder in unused_checkouts(naming, store, team, repo, without=without):
        with writing():
            # Renamed first: after a kill, a half-removed checkout must not look complete.
            gone = folder
            if not folder.name.startswith(_REMOVED):
                gone = folder.with_name(f"{_REMOVED}{folder.name}")
                shutil.rmtree(gone, ignore_errors=True)
                folder.rename(gone)
            shutil.rmtree(gone)


def unused_checkouts(
    naming: Naming, store: StoreGroup, team: str, repo: str, *, without: str = ""
) -> tuple[Path, ...]:
    """Return checkouts that nothing is pinned to, and incomplete ones left by a kill.

    Folders whose names this module does not create are not returned.
    """
    # Listed before the rows are read, so that a new checkout's pin is among them.
    folder = naming.extra_repos_folder(team) / repo
    folders = sorted(folder.iterdir()) if folder.is_dir() else []
    environments, snapshots = store.environments.list(team), store.snapshots.of_team(team)
    pins = [pin for row in environments if row.id != without for pin in row.extra_repos]
    pins += [pin for row in snapshots if row.environment != without for pin in row.extra_repos]
    used = {pin.commit for pin in pins if pin.repo == repo}
    return tuple(
        path
        for path in folders
        if path.name.startswith((_NEW, _REMOVED))
        or (is_commit(path.name) and path.name not in used)
    )


@dataclass(frozen=True, slots=True)
class _Checkout:
    """Creates checkouts for one call."""

    deps: Deps
    call: Call
    tell: Tell

    def locked(self, team: str, name: str) -> HeldLock:
        """Take an extra repo's lock, waiting for its holder; a cancelled call stops waiting."""
        key, deadline = LockKey.extra_repo(team, name), time.monotonic() + LOCK_SECONDS
        while True:
            try:
                return self.deps.work.locks.acquire(key, "a checkout", wait=1)
            except Busy as busy:
                if time.monotonic() > deadline:
                    raise
                self.tell(busy.message)

    def ensure(self, team: str, pin: Pin, record: Record) -> None:
        """Check the commit of a pin out if needed, and record it."""
        repo = self.deps.store.extra_repos.by_id(pin.repo)
        if repo is None or repo.team != team:
            raise Conflict(
                f"Extra repo {pin.name} was deleted.",
                "",
                Next.of("list_extra_repos", "shows the others"),
            )
        plan = ExtraRepoPlan.of(self.deps.naming, repo)
        commit = pin.commit or self._newest(plan, repo, pin.branch)
        if not plan.checkout(commit).is_dir():
            self._write(plan, commit)
        record(replace(pin, commit=commit))

    def _newest(self, plan: ExtraRepoPlan, repo: ExtraRepo, branch: str) -> str:
        """Return the newest fetched commit of a branch; fetch it if the copy does not hold it."""
        commit = repo.branches.get(branch)
        if commit and (plan.checkout(commit).is_dir() or self._copy(plan).holds(commit)):
            return commit
        fetched = fetch_branch(self.deps, repo, branch, self._monitor)
        write_description(self.deps.naming, fetched)
        return fetched.branches[branch]

    def _write(self, plan: ExtraRepoPlan, commit: str) -> None:
        aside = plan.folder / f"{_NEW}{commit}"
        try:
            with writing():
                shutil.rmtree(aside, ignore_errors=True)
            with self.deps.git.repositories.place(plan.team, self._monitor):
                self._copy(plan).check_out(commit, aside)
            with writing():
                aside.rename(plan.checkout(commit))
        except BaseException:
            shutil.rmtree(aside, ignore_errors=True)
            raise

    def _copy(self, plan: ExtraRepoPlan) -> SharedStore:
        return self.deps.git.repositories.copy(plan.git_dir, self._monitor)

    @property
    def _monitor(self) -> ProgressMonitor:
        return ProgressMonitor(self.tell, self.call.cancelled)
