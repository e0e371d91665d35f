"""update_extra_repo."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.counting import counted
from oduflow.domain.extra_repo import ExtraRepoName, ExtraRepoView
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import Outcome
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.deps import Deps
from oduflow.services.extra_repos.delete import find_ready_extra_repo
from oduflow.services.extra_repos.update import fetch_branches
from oduflow.services.extra_repos.view import check_extra_repo_exists, extra_repo_view


@operation(
    permission=Permission.EXTRA_REPO_WRITE,
    effect=Effect.WRITE,
    scope=Scope.EXTRA_REPO,
    slow=True,
    open_world=True,
    audit=("name",),
    exists=check_extra_repo_exists,
    rest="POST /extra-repos/{name}/update",
)
def update_extra_repo(deps: Deps, call: Call, args: ExtraRepoName) -> Outcome[ExtraRepoView]:
    """Fetch the newest commits of an extra repo's branches, for new environments.

    Existing environments keep theirs until rebuild_environment update_extra_repos=true.
    """
    row = find_ready_extra_repo(deps, call.actor.team, args.name)
    updated, warnings = fetch_branches(deps, call, row)
    shown = extra_repo_view(deps.store.environments, updated)
    moved = sum(row.branches.get(each.branch) != each.commit for each in shown.branches)
    branches = counted(len(shown.branches), "branch", "branches")
    summary = f"{row.name}: new commits on {moved} of {branches}."
    steps = tuple(
        Next.of(
            "rebuild_environment",
            "moves it to the new commits",
            name=name,
            update_extra_repos=True,
        )
        for name in shown.environments
    )
    return Outcome(shown, summary, warnings=warnings, next=steps[:3] if moved else ())
