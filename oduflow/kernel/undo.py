"""How an operation that writes data can be undone: it declares what keeps the state before."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from oduflow.domain.environment import Environment
from oduflow.domain.errors import Failure
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Undo:
    """What was kept before an operation.

    Attributes:
        snapshot: its name; empty when the caller went on without one.
        call: goes back to it.
        warnings: what can no longer be undone.
    """

    snapshot: str
    call: Next | None
    warnings: tuple[str, ...] = ()

    @property
    def calls(self) -> tuple[Next, ...]:
        """The call that goes back, if there is one."""
        return () if self.call is None else (self.call,)


KeepBefore = Callable[[Any, Any, str, Any, Environment], Undo | None]
"""Takes deps, call, the operation's name, its arguments and the environment."""


def keep_nothing(*_about: object) -> None:
    """Keep nothing: the operation writes no data."""


def told(outcome: Outcome[Any], kept: Undo | None) -> Outcome[Any]:
    """Return the outcome with the snapshot, the call that undoes the work, and the warnings."""
    if kept is None:
        return outcome
    return replace(
        outcome,
        snapshot=kept.snapshot,
        next=(*outcome.next, *kept.calls),
        warnings=(*kept.warnings, *outcome.warnings),
    )


@contextmanager
def suggesting_undo(kept: Undo | None) -> Iterator[None]:
    """Make a failure name the snapshot and the call that undoes the work, or say what cannot."""
    try:
        yield
    except Failure as failure:
        if kept is not None:
            failure.snapshot = kept.snapshot
            failure.next = (*failure.next, *kept.calls)
            failure.hint = " ".join(filter(None, (failure.hint, *kept.warnings)))
        raise
