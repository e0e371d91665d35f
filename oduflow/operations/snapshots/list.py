"""list_snapshots."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.counting import counted
from oduflow.domain.environment import Environment, EnvironmentName
from oduflow.domain.outcome import Outcome
from oduflow.domain.snapshot import SnapshotList, SnapshotView
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.deps import Deps


@operation(
    permission=Permission.ENVIRONMENT_READ,
    effect=Effect.READ,
    scope=Scope.ENVIRONMENT,
    audit=("name",),
    rest="GET /environments/{name}/snapshots",
)
def list_snapshots(
    deps: Deps,
    call: Call,
    args: EnvironmentName,
    environment: Environment,
) -> Outcome[SnapshotList]:
    """List an environment's snapshots, newest first."""
    rows, sizes = deps.store.snapshots.of(environment.id), deps.store.sizes.of(environment.team)
    shown = tuple(SnapshotView.of(row, environment, sizes.get(row.id)) for row in rows)
    return Outcome(
        SnapshotList(snapshots=shown),
        f"{environment.name} has {counted(len(shown), 'snapshot')}.",
    )
