"""Remove an extra repo: its copy and checkouts, then the row."""

from dataclasses import dataclass

from oduflow.adapters.filestore.clone import remove_tree
from oduflow.adapters.store import ExtraRepos
from oduflow.domain.errors import NotFound
from oduflow.domain.extra_repo import ExtraRepo, ExtraRepoState
from oduflow.domain.next_call import Next
from oduflow.domain.plan import ExtraRepoPlan, Naming
from oduflow.kernel.call import Call
from oduflow.services.deps import Deps
from oduflow.services.extra_repos.view import find_extra_repo
from oduflow.services.saga import Saga, Step, record_steps


def find_ready_extra_repo(deps: Deps, team: str, name: str) -> ExtraRepo:
    """Return the extra repo; remove it if a dead process left it half-added or half-deleted.

    The caller holds the extra repo's lock.

    Raises:
        NotFound: the team has none of that name, or it was unfinished and is removed now.
    """
    row = find_extra_repo(deps.store.extra_repos, team, name)
    if row.state is not ExtraRepoState.READY:
        remove_extra_repo(deps, None, row)
        raise NotFound(
            f"“{name}” was left {row.state} by a process that died; it is removed now.",
            "",
            Next.of("add_extra_repo", "adds it again", name=name),
        )
    return row


def remove_extra_repo(deps: Deps, call: Call | None, row: ExtraRepo) -> None:
    """Remove an extra repo; after a kill at any point, call it again.

    Raises:
        Conflict: environments use it; nothing was removed.
    """
    deps.store.extra_repos.retire(row)
    on_step = record_steps(
        lambda step: deps.store.extra_repos.update(row.id, step=step),
        None if call is None else call.tell,
    )
    Saga(
        "delete_extra",
        extra_repo_removal_steps(deps.naming, deps.store.extra_repos, row),
        on_step,
        deps.work.failpoints,
    ).run()


def extra_repo_removal_steps(
    naming: Naming, extra_repos: ExtraRepos, row: ExtraRepo
) -> tuple[Step, ...]:
    """List the steps in order; none has an undo, because a begun deletion is always finished."""
    parts = ExtraRepoCleanup(naming, extra_repos, row)
    return (
        Step("folder", "removing the copy", parts.remove_folder),
        Step("row", "forgetting the extra repo", parts.remove_row),
    )


@dataclass(frozen=True, slots=True)
class ExtraRepoCleanup:
    """The removable parts of one extra repo; each removal can be repeated."""

    naming: Naming
    extra_repos: ExtraRepos
    row: ExtraRepo

    def remove_folder(self) -> None:
        """Remove the copy and every checkout."""
        folder = ExtraRepoPlan.of(self.naming, self.row).folder
        remove_tree(folder)

    def remove_row(self) -> None:
        """Delete the row; always the last step, because recovery finds the rest through it."""
        self.extra_repos.remove(self.row.id)
