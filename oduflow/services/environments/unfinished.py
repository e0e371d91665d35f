"""Refuse or remove an environment that a dead process left unfinished."""

from oduflow.domain.environment import UNFINISHED, Environment
from oduflow.domain.errors import Busy, NotFound
from oduflow.domain.module_change import MODULES_CHANGE
from oduflow.domain.next_call import Next
from oduflow.domain.snapshot import ROLLBACK
from oduflow.services.deps import Deps
from oduflow.services.environments.delete import remove_environment
from oduflow.services.move_journal import refuse_during_move
from oduflow.services.snapshots.recover import settle_snapshots

_CUT_OFF = {ROLLBACK: "A rollback", MODULES_CHANGE: "A change of modules"}


def refuse_unfinished(deps: Deps, row: Environment) -> None:
    """Remove an environment that a dead process left half-created or half-deleted.

    The caller holds the environment's lock. Starting or rebuilding such an environment would
    only hide that it is incomplete.

    Raises:
        Busy: a rollback, a change of modules or code, or a move was cut off, which the reconcile
            loop finishes.
        NotFound: it was unfinished, and is removed now.
    """
    refuse_during_move(deps.store.facts, row.team)
    if row.applying is not None:
        raise Busy(
            f"A change of the code of {row.name} was cut off, and is undone now.",
            "Call again in a minute."
            if row.error is None
            else f"The last try failed, and is repeated: {row.error.message}",
        )
    if row.step in _CUT_OFF:
        raise Busy(
            f"{_CUT_OFF[row.step]} of {row.name} was cut off, and is finished now.",
            "Call again in a minute.",
        )
    settle_snapshots(deps, row)
    if row.state in UNFINISHED:
        remove_environment(deps, None, row)
        raise NotFound(
            f"“{row.name}” was left {row.state} by a process that died; it is removed now.",
            "",
            Next.of("create_environment", "creates it again", name=row.name),
        )
