"""list_extra_repos."""

from oduflow.domain.access import Permission
from oduflow.domain.counting import counted
from oduflow.domain.extra_repo import ExtraRepoList
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import Nothing, Outcome
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.deps import Deps
from oduflow.services.extra_repos.view import extra_repo_view


@operation(permission=Permission.EXTRA_REPO_READ, effect=Effect.READ, rest="GET /extra-repos")
def list_extra_repos(deps: Deps, call: Call, args: Nothing) -> Outcome[ExtraRepoList]:
    """List the team's extra repos: branches, newest fetched commits, and environments."""
    found = tuple(
        extra_repo_view(deps.store.environments, row)
        for row in deps.store.extra_repos.list(call.actor.team)
    )
    steps = () if found else (Next.of("add_extra_repo", "adds the first one"),)
    return Outcome(
        ExtraRepoList(extra_repos=found), f"{counted(len(found), 'extra repo')}.", next=steps
    )
