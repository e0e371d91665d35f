"""Delete a snapshot: its databases, its files, what it keeps of the checkout, its row."""

from oduflow.domain.snapshot import SnapshotState
from oduflow.services.snapshots.parts import SnapshotParts


def remove_snapshot(parts: SnapshotParts) -> None:
    """Remove every part of a snapshot, the row last; after a kill at any point, call it again.

    Its environment's lock is held.
    """
    parts.deps.store.snapshots.update(parts.row.id, state=SnapshotState.DELETING)
    parts.remove_databases()
    parts.remove_files()
    parts.forget_checkout()
    parts.remove_row()
