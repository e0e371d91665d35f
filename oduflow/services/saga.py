"""Run steps in order; when one fails, undo what was made, in reverse.

The row that names the work is written before the first side effect and again before each step,
so a process killed between any two lines leaves a row from which the next start can finish or
undo. Undoing is removing: every undo succeeds when there is nothing to remove.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from oduflow.domain.errors import Failure, OdooFailed
from oduflow.services.failpoints import Failpoints

log = logging.getLogger(__name__)


def nothing() -> None:
    """Undo a step that leaves nothing behind."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a saga.

    Attributes:
        name: a word; the kill walk and the progress show it.
        message: what people read while it runs.
        do: make something.
        undo: remove it, whether it is there or not.
        keeps: a failure of Odoo's in this step leaves everything in place for inspection; one
            that says nothing about Odoo, such as a full disk, does not.
    """

    name: str
    message: str
    do: Callable[[], None]
    undo: Callable[[], None] = nothing
    keeps: bool = False


class KeptForInspection(Exception):
    """A step failed whose leftovers explain the failure; nothing was undone."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


@dataclass(frozen=True, slots=True)
class Saga:
    """Steps under one name.

    Attributes:
        name: `create`, `delete`, …; the first half of each failpoint's name.
        on_step: told of each step before it runs (step, number from 1, how many).
        failpoints: where a test may hold the process.
    """

    name: str
    steps: Sequence[Step]
    on_step: Callable[[Step, int, int], None]
    failpoints: Failpoints

    def run(self) -> None:
        """Run every step.

        Raises:
            KeptForInspection: a step that keeps its leftovers failed.
            Exception: whatever a step raised, after what was made has been undone.
        """
        begun: list[Step] = []
        for number, step in enumerate(self.steps, 1):
            try:
                begun.append(step)
                self.on_step(step, number, len(self.steps))
                self.failpoints.reach(f"{self.name}.{step.name}.before")
                step.do()
                self.failpoints.reach(f"{self.name}.{step.name}.after")
            except Failure as failure:
                if step.keeps and isinstance(failure, OdooFailed):
                    raise KeptForInspection(failure) from failure
                _undo(begun)
                raise
            except BaseException:
                _undo(begun)
                raise


def _undo(begun: Sequence[Step]) -> None:
    for step in reversed(begun):
        try:
            step.undo()
        except Exception:
            # The row is undone last: stopping here keeps it, and the reconciler tries again.
            log.exception("undoing step %s failed", step.name)
            return
