"""rebuild_environment."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.branch_check import moved_warning, pull_step
from oduflow.domain.environment import Environment, EnvironmentView, RebuildEnvironment
from oduflow.domain.outcome import Outcome
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, Profile, operation
from oduflow.services.deps import Deps
from oduflow.services.environments.rebuild import rebuild
from oduflow.services.environments.unfinished import refuse_unfinished
from oduflow.services.environments.view import environment_view
from oduflow.services.snapshots.automatic import snapshot_before

BRANCH_SECONDS = 5.0  # how long to wait for the git server


@operation(
    permission=Permission.ENVIRONMENT_WRITE,
    effect=Effect.WRITE,
    scope=Scope.ENVIRONMENT,
    slow=True,
    audit=("name", "update_extra_repos", "without_snapshot"),
    undo=snapshot_before,
    profiles=(Profile.CODING,),
    rest="POST /environments/{name}/rebuild",
)
def rebuild_environment(
    deps: Deps, call: Call, args: RebuildEnvironment, environment: Environment
) -> Outcome[EnvironmentView]:
    """Recreate an environment's container, also a lost one; database, filestore and checkout stay.

    Installed modules are not upgraded.
    """
    refuse_unfinished(deps, environment)
    row = rebuild(deps, call, environment, update_extra_repos=args.update_extra_repos)
    shown = environment_view(deps, row)
    check = deps.branches.current(row, wait=BRANCH_SECONDS)
    return Outcome(
        shown,
        f"{shown.name} was rebuilt and serves at {shown.url}",
        warnings=moved_warning(shown.name, shown.branch, check),
        next=pull_step(shown.name, check),
    )
