"""Find snapshots of an environment."""

from oduflow.adapters.store.snapshots import Snapshots
from oduflow.domain.environment import Environment
from oduflow.domain.snapshot import Snapshot, SnapshotState, no_snapshot


def find_snapshot(snapshots: Snapshots, environment: Environment, name: str | None) -> Snapshot:
    """Return the snapshot of that name, or the newest one.

    Raises:
        NotFound: the environment has none, or none of that name.
    """
    for row in snapshots.of(environment.id):
        if row.state is SnapshotState.READY and name in {None, row.name}:
            return row
    raise no_snapshot(environment.name, name)
