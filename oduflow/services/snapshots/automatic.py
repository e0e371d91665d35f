"""Snapshots before operations that write data, so that each can be undone by one call.

An operation declares it: `operation(undo=snapshot_before, …)`, and its arguments are an
`UndoableChange`.
"""

from pathlib import Path

from oduflow.domain.environment import MOVING, UNFINISHED, Environment, UndoableChange
from oduflow.domain.errors import Cancelled, Failure, NoRoom, QuotaReached
from oduflow.domain.filestore import FilestoreKind
from oduflow.domain.module_change import MODULES_CHANGE
from oduflow.domain.next_call import Next
from oduflow.domain.snapshot import ROLLBACK, Snapshot, SnapshotState
from oduflow.kernel.call import Call
from oduflow.kernel.undo import Undo
from oduflow.services.deps import Deps
from oduflow.services.room import CLONE_BYTES, same_disk
from oduflow.services.snapshots.create import make_snapshot, new_snapshot
from oduflow.services.snapshots.delete import remove_snapshot
from oduflow.services.snapshots.parts import SnapshotParts
from oduflow.services.snapshots.recover import prune_snapshots, settle_snapshots
from oduflow.services.team_disk import cluster_folder

_CUT_OFF = (MODULES_CHANGE, MOVING, ROLLBACK)  # the operation itself refuses these


def snapshot_before(
    deps: Deps, call: Call, operation: str, args: UndoableChange, environment: Environment
) -> Undo | None:
    """Take a snapshot of what an operation is about to change.

    A transaction that goes on for long is ended: the operation would interrupt it, too. Where there
    is no room, older automatic snapshots of the environment are removed, if that helps.

    Returns:
        Its name and the call that goes back to it, or a warning that there is none; None before
        work that the operation itself refuses.

    Raises:
        Cancelled: the job was cancelled.
        Failure: none can be taken, and the caller did not accept to go on without a snapshot.
    """
    if environment.state in UNFINISHED or environment.step in _CUT_OFF:
        return None
    if environment.filestore is FilestoreKind.VOLUME:
        which = "This" if operation == "rebuild_environment" else "A"
        older = f"{environment.name} was made by an older version, which had no snapshots"
        return Undo("", None, (f"It cannot be undone: {older}. {which} rebuild prepares it.",))
    removed: list[str] = []
    try:
        settle_snapshots(deps, environment)
        taken = _take(deps, call, operation, environment, removed)
    except Cancelled:
        raise
    except Failure as failure:
        if args.without_snapshot:
            return Undo("", None, (*_told(removed), f"It cannot be undone: {failure.message}"))
        _offer_without(failure, operation, args, removed)
        raise
    prune_snapshots(deps, environment)
    undo = undo_of(environment, taken.name)
    return Undo(undo.snapshot, undo.call, _told(removed))


def undo_of(environment: Environment, snapshot: str) -> Undo:
    """Return the call that goes back to a snapshot."""
    undo = Next.of("rollback_environment", "undoes it", name=environment.name, snapshot=snapshot)
    return Undo(snapshot, undo)


def _take(
    deps: Deps, call: Call, operation: str, environment: Environment, removed: list[str]
) -> Snapshot:
    """Take a snapshot; remove older automatic ones where there is no room, and add their names."""
    before: NoRoom | None = None
    while True:
        row = new_snapshot(deps.store.snapshots, call, environment, reason=operation)
        try:
            return make_snapshot(deps, call, environment, row, force=True)
        except NoRoom as full:
            useless = before and before.disk == full.disk and before.missing <= full.missing
            older = None if useless else _oldest_that_helps(deps, environment, full)
            if older is None:
                raise
            before = full
            remove_snapshot(SnapshotParts(deps, environment, older))
            removed.append(older.name)


def _oldest_that_helps(deps: Deps, environment: Environment, full: NoRoom) -> Snapshot | None:
    """Return the oldest automatic snapshot that helps, or None if all would not free enough."""
    of = deps.store.snapshots.of(environment.id)
    automatic = [row for row in of if row.automatic and row.state is SnapshotState.READY]
    freed = [_frees(SnapshotParts(deps, environment, row), full.disk) for row in automatic]
    helpful = [row for row, size in zip(automatic, freed, strict=True) if size]
    return helpful[-1] if helpful and sum(freed) >= full.missing else None


def _frees(parts: SnapshotParts, disk: Path | None) -> int:
    """Return the bytes that a snapshot's removal frees: on a disk, or of what its team fills.

    Of what its team fills, the removal subtracts only what was measured.
    """
    row, layers, deps = parts.row, parts.layers, parts.deps
    measured = deps.store.sizes.of(row.team).get(row.id)
    if disk is None:
        return 0 if measured is None else measured.own
    cluster = cluster_folder(deps.naming, deps.engine.volumes, row.team)
    database = cluster is not None and same_disk(cluster, disk)
    files = same_disk(layers.root, disk)
    if measured is not None and database and files:
        return measured.own
    freed = layers.size_of_copy(layers.files_of(row.id)) if files else 0
    if not database:
        return freed
    if deps.infrastructure.databases.servers[row.team].shares_blocks():
        return freed + CLONE_BYTES
    return freed + parts.cluster.database_size(parts.own.database)


def _told(removed: list[str]) -> tuple[str, ...]:
    if not removed:
        return ()
    names = ", ".join(removed)
    return (f"There was no room, so older automatic snapshots were removed: {names}.",)


def _offer_without(
    failure: Failure, operation: str, args: UndoableChange, removed: list[str]
) -> None:
    """Add to a failure the calls that make room, and the one that goes on without a snapshot.

    What code, a statement or a request says may be secret, and a job keeps its answer: such a call
    is told in words.
    """
    told = [failure.hint, *_told(removed)]
    if isinstance(failure, QuotaReached):
        failure.next = (
            Next.of("list_snapshots", "shows what deleting each would free", name=args.name),
            Next.of("list_environments", "shows what deleting each would free"),
        )
    if args.REPEATABLE:
        given = args.model_dump(exclude_defaults=True, exclude_none=True)
        given |= {"without_snapshot": True}
        again = Next.of(operation, "continues without a snapshot, and cannot be undone", **given)
        failure.next = (*failure.next, again)
    else:
        told.append("With without_snapshot=true it continues without one, and cannot be undone.")
    failure.hint = " ".join(filter(None, told))
