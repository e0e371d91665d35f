"""Take the snapshot without which a change of code that writes data does not begin."""

from oduflow.domain.changes.inputs import OnFailure
from oduflow.domain.environment import UndoableChange
from oduflow.domain.errors import Conflict, Failure, QuotaReached
from oduflow.domain.next_call import Next
from oduflow.kernel.undo import Undo
from oduflow.services.environments.code_change.facts import CodeFacts
from oduflow.services.snapshots.automatic import snapshot_before


def take_snapshot(work: CodeFacts) -> Undo | None:
    """Take a snapshot, without which only a failure that is kept can go on, where none can be had.

    Raises:
        Conflict: the environment is one that can have none.
        QuotaReached: there is no room for one.
        Failure: none can be taken now.
    """
    keeps, name = work.args.on_failure is OnFailure.KEEP, work.first.name
    args = UndoableChange(name=name)
    try:
        undo = snapshot_before(work.deps, work.call, work.operation, args, work.first)
    except Failure as failure:
        full = isinstance(failure, QuotaReached)
        if full and keeps:
            return Undo("", None, (f"It cannot be undone: {failure.message} {failure.hint}",))
        others = (each for each in failure.next if each.operation != work.operation)
        failure.next = (*others, _without(work)) if full else tuple(others)
        raise
    if (undo is None or not undo.snapshot) and not keeps:
        raise Conflict(
            f"{name} cannot have snapshots, so that a failure could not be taken back. Nothing "
            "was changed.",
            "An older version made it, which had none.",
            Next.of("rebuild_environment", "prepares it for them", name=name),
            _without(work),
        )
    return undo


def _without(work: CodeFacts) -> Next:
    again = work.args.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
    return Next.of(
        work.operation,
        "continues without a snapshot, and cannot be undone",
        **again | {"on_failure": str(OnFailure.KEEP)},
    )
