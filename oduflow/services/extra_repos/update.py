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
    record_steps,
    write_description,
)
from oduflow.services.saga import Saga, Step


def fetch_branches(deps: Deps, call: Call, row: ExtraRepo) -> tuple[ExtraRepo, tuple[str, ...]]:
    """Bring the newest commit of each of its branches; checkouts that are in use stay.

    Returns:
        The row, and a warning for each branch that is gone from the server.

    Raises:
        Failure: nothing could be fetched.
    """
    work = ExtraRepoUpdate(deps, call, row)
    try:
        Saga(
            "update_extra", work.steps(), record_steps(deps, call, row), deps.work.failpoints
        ).run()
    finally:
        row = deps.store.extra_repos.update(row.id, step="", job="")
    return row, tuple(work.warnings)


@dataclass(slots=True)
class ExtraRepoUpdate:
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
        """Keep the description beside it true."""
        write_description(self.deps.naming, self.row)

    def tidy(self) -> None:
        """Give back the space of commits that no branch is at."""
        with suppress(Failure):  # it costs space, nothing else; the next update tries again
            self.deps.git.repositories.copy(
                ExtraRepoPlan.of(self.deps.naming, self.row).git_dir
            ).tidy()
