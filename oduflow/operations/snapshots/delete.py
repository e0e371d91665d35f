"""delete_snapshot."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.environment import Environment
from oduflow.domain.outcome import Nothing, Outcome
from oduflow.domain.snapshot import SnapshotName
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.deps import Deps
from oduflow.services.environments.unfinished import refuse_unfinished
from oduflow.services.snapshots.delete import remove_snapshot
from oduflow.services.snapshots.parts import SnapshotParts
from oduflow.services.snapshots.view import find_snapshot


@operation(
    permission=Permission.ENVIRONMENT_DESTROY,
    effect=Effect.DESTROY,
    scope=Scope.ENVIRONMENT,
    slow=True,
    cancellable=False,
    audit=("name", "snapshot"),
    rest="DELETE /environments/{name}/snapshots/{snapshot}",
)
def delete_snapshot(
    deps: Deps, call: Call, args: SnapshotName, environment: Environment
) -> Outcome[Nothing]:
    """Delete a snapshot. There is no undo."""
    refuse_unfinished(deps, environment)
    row = find_snapshot(deps.store.snapshots, environment, args.snapshot)
    deps.infrastructure.wake(call.actor.team)
    remove_snapshot(SnapshotParts(deps, environment, row))
    return Outcome(Nothing(), f"Snapshot {row.name} of {environment.name} is deleted.")
