"""Snapshots of a fake server, and the operation that lists them."""

from typing import Any

from oduflow.domain.outcome import Nothing, Outcome
from oduflow.domain.snapshot import SnapshotList, SnapshotState, SnapshotView


def snapshot_view(name: str, **changes: Any) -> SnapshotView:
    values: dict[str, Any] = {
        "name": name,
        "environment": "demo",
        "state": SnapshotState.READY,
        "automatic": False,
        "reason": "",
        "branch": "main",
        "commit": "a41f09c2b" + "0" * 31,
        "modules": (),
        "created_by": "ada",
        "created_at": "2026-03-04T05:06:07.890Z",
    }
    return SnapshotView(**values | changes)


def list_snapshots(ledger: Any, _call: object, args: Any) -> Outcome[SnapshotList]:
    found = tuple(
        each for each in getattr(ledger, "snapshots", ()) if each.environment == args.name
    )
    return Outcome(SnapshotList(snapshots=found), "There are some.")


def create_snapshot(_ledger: Any, _call: object, args: Any) -> Outcome[SnapshotView]:
    made = snapshot_view(args.snapshot or "new", environment=args.name)
    return Outcome(made, f"Snapshot {made.name} is taken.")


def delete_snapshot(_ledger: Any, _call: object, args: Any) -> Outcome[Nothing]:
    return Outcome(Nothing(), f"Snapshot {args.snapshot} is deleted.")


HANDLERS = {
    "create_snapshot": create_snapshot,
    "delete_snapshot": delete_snapshot,
    "list_snapshots": list_snapshots,
}
