"""Update an extra repo: fetch the newest commit of each of its branches."""

from contextlib import suppress
from dataclasses import dataclass

from oduflow.domain.errors import Failure, NotFound
from oduflow.domain.extra_repo import ExtraRepo
from oduflow.domain.plan import ExtraRepoPlan
from oduflow.kernel.call import Call
from oduflow.services.deps import Deps
from oduflow.services.extra_repos.fetch import (
    fetch_branch,
    fetch_monitor,
    write_description,
)
from oduflow.services.saga import Saga, Step, record_steps


def fetch_branches(deps: Deps, call: Call, row: ExtraRepo) -> tuple[ExtraRepo, tuple[str, ...]]:
    """Fetch the newest commit of each branch; existing checkouts do not change.

    Returns:
        The row, and a warning for each branch that no longer exists on the remote.

    Raises:
        Failure: no branch could be fetched.
    """
    work = ExtraRepoUpdate(deps, call, row)
    try:
        on_step = record_steps(
            lambda step: deps.store.extra_repos.update(work.row.id, step=step), call.report
        )
        Saga("update_extra", work.steps(), on_step, deps.work.failpoints).run()
    finally:
        row = deps.store.extra_repos.update(row.id, step="", job="")
    return row, tuple(work.warnings)


@dataclass(slots=True)
class ExtraRepoUpdate:
    """The steps that update one extra repo."""

    deps: Deps
    call: Call
    row: ExtraRepo
    warnings: list[str]

    def __init__(self, deps: Deps, call: Call, row: ExtraRepo) -> None:
        self.deps, self.call, self.row, self.warnings = deps, call, row, []

    def steps(self) -> tuple[Step, ...]:
        """List the steps in order; none has an undo, because each leaves a usable copy."""
        return (
            Step("fetch", "fetching new commits", self.fetch),
            Step("describe", "describing it", self.describe),
            Step("tidy", "forgetting old commits", self.tidy),
        )

    def fetch(self) -> None:
        """Fetch branch by branch, the configured one first, and record each at once."""
        gone: list[NotFound] = []
        monitor = fetch_monitor(self.call, self.steps())
        for branch in sorted(self.row.branches, key=lambda each: each != self.row.branch):
            try:
                self.row = fetch_branch(self.deps, self.row, branch, monitor)
            except NotFound as failure:
                gone.append(failure)
                self.warnings.append(f"{failure.message} Its last commit is kept.")
        if len(gone) == len(self.row.branches):
            raise gone[0]

    def describe(self) -> None:
        """Write the new commits to the description."""
        write_description(self.deps.naming, self.row)

    def tidy(self) -> None:
        """Free the disk space of commits that no branch points to."""
        with suppress(Failure):  # a failure costs only space; the next update tries again
            self.deps.git.repositories.copy(
                ExtraRepoPlan.of(self.deps.naming, self.row).git_dir
            ).tidy()
