"""What became of tests: each one's outcome, and the counts of a run."""

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum

from oduflow.domain.outcome import Model


class CaseOutcome(StrEnum):
    """What became of one test.

    NEVER_RUN: it was planned, and the run ended without it.
    """

    ERROR = "error"
    FAILED = "failed"
    NEVER_RUN = "never_run"
    SKIPPED = "skipped"
    PASSED = "passed"

    @property
    def is_bad(self) -> bool:
        """Whether a run with such a test is no success."""
        return self not in {CaseOutcome.PASSED, CaseOutcome.SKIPPED}


class CaseResult(Model):
    """The result of one test, of a class that could not be prepared, or of a module's import.

    Attributes:
        id: its name in Python; empty for what is no test.
        about: what the ids of tests begin with that such a result is about.
        test: its tag, as `/sale:TestOrder.test_total`, which selects it again.
        message: the exception, or why it was skipped: untrusted text.
        file, line: where it failed, inside the container.
        trace: the traceback.
    """

    id: str = ""
    about: str = ""
    test: str
    module: str
    outcome: CaseOutcome
    seconds: float = 0.0
    message: str = ""
    file: str = ""
    line: int = 0
    trace: str = ""


class CaseCounts(Model):
    """How many tests were planned, and what became of them.

    `errors` also counts classes that could not be prepared and modules whose tests could not be
    imported; `never_run` are planned tests that did not run.
    """

    planned: int = 0
    passed: int = 0
    failed: int = 0
    errors: int = 0
    skipped: int = 0
    never_run: int = 0

    @classmethod
    def of(cls, results: Iterable[CaseResult]) -> "CaseCounts":
        """Count results."""
        every = list(results)
        found = Counter(each.outcome for each in every)
        return cls(
            planned=sum(1 for each in every if each.id),
            passed=found[CaseOutcome.PASSED],
            failed=found[CaseOutcome.FAILED],
            errors=found[CaseOutcome.ERROR],
            skipped=found[CaseOutcome.SKIPPED],
            never_run=found[CaseOutcome.NEVER_RUN],
        )

    @property
    def bad(self) -> int:
        """How many speak against the run."""
        return self.failed + self.errors + self.never_run

    @property
    def sentence(self) -> str:
        """The counts in words: `2 failed, 1 error, 9 passed of 12 tests`."""
        named = (
            (self.failed, "failed"),
            (self.errors, "error" if self.errors == 1 else "errors"),
            (self.never_run, "never run"),
            (self.skipped, "skipped"),
            (self.passed, "passed"),
        )
        said = ", ".join(f"{number} {word}" for number, word in named if number) or "0 passed"
        return f"{said} of {self.planned} {'test' if self.planned == 1 else 'tests'}"


def worst_first(results: Iterable[CaseResult]) -> tuple[CaseResult, ...]:
    """Order results: errors, failures, what never ran, skipped ones, passed ones."""
    order = list(CaseOutcome)
    return tuple(sorted(results, key=lambda each: order.index(each.outcome)))
