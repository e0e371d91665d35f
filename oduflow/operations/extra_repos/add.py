"""add_extra_repo."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.extra_repo import AddExtraRepo, ExtraRepoView
from oduflow.domain.outcome import Outcome
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.deps import Deps
from oduflow.services.environments.checks import check_address
from oduflow.services.extra_repos.add import ensure_extra_repo


@operation(
    permission=Permission.EXTRA_REPO_WRITE,
    effect=Effect.WRITE,
    scope=Scope.EXTRA_REPO,
    slow=True,
    open_world=True,
    audit=("name", "repo_url", "branch"),
    check=check_address,
    rest="POST /extra-repos",
)
def add_extra_repo(deps: Deps, call: Call, args: AddExtraRepo) -> Outcome[ExtraRepoView]:
    """Add a repository of addons that the team's environments share, such as Enterprise.

    Environments list it in extra_repos. A repeated call returns the existing one; with other
    arguments it is a conflict.
    """
    return ensure_extra_repo(deps, call, args)
