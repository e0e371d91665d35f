"""Find extra repos, and show them with the environments that use them."""

from oduflow.domain.errors import NotFound
from oduflow.domain.extra_repo import ExtraRepo, ExtraRepoView
from oduflow.services.deps import Deps


def find(deps: Deps, team: str, name: str) -> ExtraRepo:
    """Return the team's extra repo.

    Raises:
        NotFound: the team has none of that name.
    """
    row = deps.store.extra_repos.get(team, name)
    if row is None:
        raise NotFound(
            f"There is no extra repo “{name}”.", "list_extra_repos shows those there are."
        )
    return row


def view(deps: Deps, row: ExtraRepo) -> ExtraRepoView:
    """Show a row, and who uses it."""
    return ExtraRepoView.of(row, deps.store.environments.using_extra_repo(row.team, row.id))
