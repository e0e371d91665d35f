"""Find extra repos, and build their views."""

from oduflow.adapters.store import Environments, ExtraRepos
from oduflow.domain.extra_repo import ExtraRepo, ExtraRepoName, ExtraRepoView, no_extra_repo
from oduflow.services.deps import Deps


def find_extra_repo(extra_repos: ExtraRepos, team: str, name: str) -> ExtraRepo:
    """Return the team's extra repo of that name.

    Raises:
        NotFound: the team has none of that name.
    """
    row = extra_repos.get(team, name)
    if row is None:
        raise no_extra_repo(name)
    return row


def extra_repo_view(environments: Environments, row: ExtraRepo) -> ExtraRepoView:
    """Return the extra repo's view with the names of the environments that use it."""
    return ExtraRepoView.of(row, environments.using_extra_repo(row.team, row.id))


def check_extra_repo_exists(deps: Deps, team: str, args: ExtraRepoName) -> None:
    """Refuse a call about an extra repo that the team does not have.

    Raises:
        NotFound: the team has none of that name.
    """
    find_extra_repo(deps.store.extra_repos, team, args.name)
