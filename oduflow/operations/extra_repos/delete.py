"""delete_extra_repo."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.extra_repo import ExtraRepoName
from oduflow.domain.outcome import Nothing, Outcome
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.deps import Deps
from oduflow.services.extra_repos.delete import remove_extra_repo
from oduflow.services.extra_repos.view import check_extra_repo_exists, find_extra_repo


@operation(
    permission=Permission.EXTRA_REPO_DESTROY,
    effect=Effect.DESTROY,
    scope=Scope.EXTRA_REPO,
    slow=True,
    cancellable=False,
    audit=("name",),
    exists=check_extra_repo_exists,
    rest="DELETE /extra-repos/{name}",
)
def delete_extra_repo(deps: Deps, call: Call, args: ExtraRepoName) -> Outcome[Nothing]:
    """Delete the team's copy of an extra repo; refused while an environment uses it."""
    row = find_extra_repo(deps.store.extra_repos, call.actor.team, args.name)
    remove_extra_repo(deps, call, row)
    return Outcome(Nothing(), f"Extra repo {row.name} is deleted.")
