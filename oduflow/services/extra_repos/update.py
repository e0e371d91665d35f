"""Extra repos: add one, bring it up to date, delete it; and what a dead process left of either."""

import json
import logging
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from oduflow.domain.clock import now, rfc3339
from oduflow.domain.errors import Failure, NotFound
from oduflow.domain.extra_repo import ExtraRepo, ExtraRepoState, ExtraRepoView
from oduflow.domain.plan import ExtraRepoPlan, Naming
from oduflow.domain.progress_monitor import ProgressMonitor
from oduflow.files.private import make_folder, write_private, writing
from oduflow.kernel.call import Call
from oduflow.services.deps import Deps
from oduflow.services.saga import Saga, Step

log = logging.getLogger(__name__)


def find(deps: Deps, team: str, name: str) -> ExtraRepo:
    """Return the team's extra repo.

    Raises:
        NotFound: the team has none of that name.
    """
    row = deps.extra_repos.get(team, name)
    if row is None:
        raise NotFound(
            f"There is no extra repo “{name}”.", "list_extra_repos shows those there are."
        )
    return row


def claim(deps: Deps, team: str, name: str) -> ExtraRepo:
    """Return an extra repo whose lock we hold, to work on it.

    Raises:
        NotFound: the team has none of that name, or what there was has just been removed.
    """
    row = find(deps, team, name)
    if row.state is not ExtraRepoState.READY:
        remove(deps, None, row)
        raise NotFound(
            f"“{name}” was left {row.state} by a process that died; it is removed now.",
            f"add_extra_repo name={name} adds it anew.",
        )
    return row


def view(deps: Deps, row: ExtraRepo) -> ExtraRepoView:
    """Show a row, and who uses it."""
    return ExtraRepoView.of(row, deps.environments.using_extra_repo(row.team, row.id))


def add(deps: Deps, call: Call, row: ExtraRepo) -> ExtraRepo:
    """Fetch what the row names; on failure, remove what was made.

    Raises:
        Failure: why it could not be fetched.
    """
    work = Adding(deps, call, row)
    Saga("add_extra", work.steps(), _telling(deps, call, row), deps.failpoints).run()
    return deps.extra_repos.update(row.id, state=ExtraRepoState.READY, step="", job="")


@dataclass(slots=True)
class Adding:
    """The steps of adding one."""

    deps: Deps
    call: Call
    row: ExtraRepo

    def steps(self) -> tuple[Step, ...]:
        """List the steps in order; each undo removes what its step makes, if it is there."""
        parts = ExtraRepoParts(self.deps, self.row)
        return (
            Step("reserve", "reserving the name", self.reserve, parts.remove_row),
            Step("fetch", "fetching the branch", self.fetch, parts.remove_folder),
            Step("describe", "describing it", self.describe),
        )

    def reserve(self) -> None:
        """Write the row, before anything else happens."""
        self.deps.extra_repos.add(self.row)

    def fetch(self) -> None:
        """Bring the newest commit of its own branch."""
        self.row = fetch_branch(self.deps, self.row, self.row.branch, _monitor(self))

    def describe(self) -> None:
        """Write beside it what the row says, for the day the store is lost."""
        describe(self.deps.naming, replace(self.row, state=ExtraRepoState.READY))


def update(deps: Deps, call: Call, row: ExtraRepo) -> tuple[ExtraRepo, tuple[str, ...]]:
    """Bring the newest commit of each of its branches; checkouts that are in use stay.

    Returns:
        The row, and a warning for each branch that is gone from the server.

    Raises:
        Failure: nothing could be fetched.
    """
    work = Updating(deps, call, row)
    try:
        Saga("update_extra", work.steps(), _telling(deps, call, row), deps.failpoints).run()
    finally:
        row = deps.extra_repos.update(row.id, step="", job="")
    return row, tuple(work.warnings)


@dataclass(slots=True)
class Updating:
    """The steps of bringing one up to date."""

    deps: Deps
    call: Call
    row: ExtraRepo
    warnings: list[str]

    def __init__(self, deps: Deps, call: Call, row: ExtraRepo) -> None:
        self.deps, self.call, self.row, self.warnings = deps, call, row, []

    def steps(self) -> tuple[Step, ...]:
        """List the steps in order; none has an undo, because each leaves a whole copy."""
        return (
            Step("fetch", "fetching new commits", self.fetch),
            Step("describe", "describing it", self.describe),
            Step("tidy", "forgetting old commits", self.tidy),
        )

    def fetch(self) -> None:
        """Fetch branch by branch; each is remembered as soon as it is here."""
        gone: list[NotFound] = []
        for branch in sorted(self.row.branches, key=lambda each: each != self.row.branch):
            try:
                self.row = fetch_branch(self.deps, self.row, branch, _monitor(self))
            except NotFound as failure:
                gone.append(failure)
                self.warnings.append(f"{failure.message} Its last commit is kept.")
        if len(gone) == len(self.row.branches):
            raise gone[0]

    def describe(self) -> None:
        """Keep the description beside it true."""
        describe(self.deps.naming, self.row)

    def tidy(self) -> None:
        """Give back the space of commits that no branch is at."""
        with suppress(Failure):  # it costs space, nothing else; the next update tries again
            self.deps.git.copy(ExtraRepoPlan.of(self.deps.naming, self.row).git_dir).tidy()


def remove(deps: Deps, call: Call | None, row: ExtraRepo) -> None:
    """Remove an extra repo; safe to repeat after a kill between any two lines.

    Raises:
        Conflict: environments use it; nothing was removed.
    """
    deps.extra_repos.retire(row)
    told = _telling(deps, call, row, cancellable=False)
    Saga("delete_extra", removal_steps(deps, row), told, deps.failpoints).run()


def removal_steps(deps: Deps, row: ExtraRepo) -> tuple[Step, ...]:
    """List the steps in order; none has an undo, because a deletion is only ever finished."""
    parts = ExtraRepoParts(deps, row)
    return (
        Step("folder", "removing the copy", parts.remove_folder),
        Step("row", "forgetting the extra repo", parts.remove_row),
    )


@dataclass(frozen=True, slots=True)
class ExtraRepoParts:
    """The removable parts of one extra repo; every removal may be repeated."""

    deps: Deps
    row: ExtraRepo

    def remove_folder(self) -> None:
        """Remove git's folder and every checkout."""
        folder = ExtraRepoPlan.of(self.deps.naming, self.row).folder
        with writing():
            if folder.exists():
                shutil.rmtree(folder)

    def remove_row(self) -> None:
        """Forget the extra repo; the last thing to go."""
        self.deps.extra_repos.remove(self.row.id)


def fetch_branch(
    deps: Deps,
    row: ExtraRepo,
    branch: str,
    monitor: ProgressMonitor,
) -> ExtraRepo:
    """Bring a branch's newest commit into the team's copy, and remember it.

    The caller holds the extra repo's lock.

    Raises:
        Failure: why it could not be fetched; with similar names where there is no such branch.
    """
    plan = ExtraRepoPlan.of(deps.naming, row)
    make_folder(plan.folder)
    try:
        commit = deps.git.fetch(
            row.repo_url,
            branch,
            team=row.team,
            git_dir=plan.git_dir,
            monitor=ProgressMonitor(
                lambda line: monitor.on_progress(f"{row.name}@{branch}: {line}"), monitor.cancelled
            ),
        )
    except NotFound:
        # The remote tells which branches there are, at the price of asking it again.
        deps.git.resolve_branch(row.repo_url, branch, team=row.team)
        raise
    return deps.extra_repos.update(
        row.id, branches={**row.branches, branch: commit}, fetched_at=now()
    )


def describe(naming: Naming, row: ExtraRepo) -> None:
    """Write what is needed to take an extra repo in again when the store is lost; no secret."""
    told = {
        "id": row.id,
        "team": row.team,
        "name": row.name,
        "repo_url": row.repo_url,
        "branch": row.branch,
        "branches": dict(row.branches),
        "created_by": row.created_by,
        "created_at": rfc3339(row.created_at),
        "fetched_at": rfc3339(row.fetched_at),
    }
    write_private(ExtraRepoPlan.of(naming, row).about, json.dumps(told))


def _monitor(work: Adding | Updating) -> ProgressMonitor:
    """Report git's lines as progress of the step that fetches."""
    steps = [step.name for step in work.steps()]
    number = steps.index("fetch") + 1
    return ProgressMonitor(
        lambda line: work.call.report("fetch", line, number, len(steps)), work.call.cancelled
    )


def _telling(
    deps: Deps, call: Call | None, row: ExtraRepo, *, cancellable: bool = True
) -> Callable[[Step, int, int], None]:
    """Remember and tell which step begins; the row is there from the second on."""

    def began(step: Step, number: int, total: int) -> None:
        if step.name != "reserve":
            deps.extra_repos.update(row.id, step=step.name)
        if call is not None:
            tell = call.report if cancellable else call.tell
            tell(step.name, step.message, number, total)

    return began
