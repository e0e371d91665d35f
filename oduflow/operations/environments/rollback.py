"""rollback_environment."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.environment import Environment, EnvironmentView
from oduflow.domain.outcome import Outcome
from oduflow.domain.snapshot import RollbackEnvironment
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.kernel.undo import told
from oduflow.services.deps import Deps
from oduflow.services.environments.rollback import roll_back
from oduflow.services.environments.unfinished import refuse_unfinished
from oduflow.services.environments.view import environment_view
from oduflow.services.snapshots.automatic import undo_of
from oduflow.services.snapshots.recover import prune_snapshots
from oduflow.services.snapshots.view import find_snapshot


@operation(
    permission=Permission.ENVIRONMENT_WRITE,
    effect=Effect.WRITE,
    scope=Scope.ENVIRONMENT,
    slow=True,
    idempotent=False,
    audit=("name", "snapshot"),
    rest="POST /environments/{name}/rollback",
)
def rollback_environment(
    deps: Deps, call: Call, args: RollbackEnvironment, environment: Environment
) -> Outcome[EnvironmentView]:
    """Bring an environment back to a snapshot: database, filestore, commit and edits.

    The state before is kept, too.
    """
    refuse_unfinished(deps, environment)
    target = find_snapshot(deps.store.snapshots, environment, args.snapshot)
    row, before = roll_back(deps, call, environment, target)
    prune_snapshots(deps, row)
    shown = environment_view(deps, row)
    serves = f"and serves at {shown.url}" if shown.url else "and is stopped"
    outcome = Outcome(shown, f"{shown.name} is back at snapshot {target.name} {serves}")
    return told(outcome, undo_of(environment, before.name))
