"""Run steps in order; when one fails, undo the begun steps in reverse order.

The row of the environment, template or extra repo is written before the first side effect and
again before each step, so a process that is killed at any point leaves a row from which the
reconciler can finish or undo the work. An undo removes what its step creates, and succeeds when
there is nothing to remove.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from oduflow.domain.errors import Failure, OdooFailed
from oduflow.services.failpoints import Failpoints

log = logging.getLogger(__name__)


RESERVE = "reserve"  # the name of the step that writes the row

OnStep = Callable[["Step", int, int], None]


def nothing() -> None:
    """Undo a step that leaves nothing behind."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a saga.

    Attributes:
        name: one word; progress, rows and failpoints show it.
        message: the progress message while the step runs.
        do: creates something.
        undo: removes what `do` creates, and succeeds when it does not exist.
        keeps: whether an `OdooFailed` in this step leaves everything in place for inspection.
            Other failures, such as a full disk, say nothing about Odoo and are undone.
    """

    name: str
    message: str
    do: Callable[[], None]
    undo: Callable[[], None] = nothing
    keeps: bool = False


class KeptForInspection(Exception):
    """Odoo failed in a step that keeps its leftovers for inspection; nothing was undone."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


@dataclass(frozen=True, slots=True)
class Saga:
    """A named sequence of steps.

    Attributes:
        name: `create`, `delete`, …; the first half of each failpoint's name.
        on_step: called before each step with the step, its number from 1, and the total.
        failpoints: points before and after each step at which a test can hold the process.
    """

    name: str
    steps: Sequence[Step]
    on_step: OnStep
    failpoints: Failpoints

    def run(self) -> None:
        """Run every step.

        Raises:
            KeptForInspection: Odoo failed in a step that keeps its leftovers.
            Exception: the error of the step that failed, after the begun steps were undone.
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


def record_steps(
    write: Callable[[str], object], report: Callable[[str, str, int, int], None] | None
) -> OnStep:
    """Return a callback that records and reports each step before it runs.

    Args:
        write: writes the step's name to the row, which exists once the step `reserve` has run.
        report: sends the progress to the caller; None during recovery, which has no caller.
    """

    def on_step(step: Step, number: int, total: int) -> None:
        if step.name != RESERVE:
            write(step.name)
        if report is not None:
            report(step.name, step.message, number, total)

    return on_step


def _undo(begun: Sequence[Step]) -> None:
    for step in reversed(begun):
        try:
            step.undo()
        except Exception:
            # The row is removed last, so stopping here keeps it for the reconciler's next try.
            log.exception("undoing step %s failed", step.name)
            return
