"""The views of test runs: what callers see of them."""

from collections import Counter
from collections.abc import Iterable
from typing import ClassVar, Self

from oduflow.domain.outcome import Model, Status
from oduflow.domain.test_result import CaseCounts, CaseOutcome, CaseResult, worst_first
from oduflow.domain.test_run import TestRun

MOST_SHOWN = 20  # tests in an answer, and reasons
MOST_CHARACTERS = 12_000  # of their messages together
MOST_MESSAGE = 800


class CaseView(Model):
    """One test as callers see it; its message is untrusted data of the test."""

    test: str
    outcome: CaseOutcome
    seconds: float
    message: str
    file: str
    line: int

    @classmethod
    def of(cls, result: CaseResult) -> Self:
        """Make the view of a result, with the beginning of a long message."""
        text = result.message
        shown = text if len(text) <= MOST_MESSAGE else f"{text[:MOST_MESSAGE]}…"
        return cls.from_row(result, message=shown)


class SkipView(Model):
    """Why tests were skipped, and how many."""

    tests: int
    reason: str


class TestRunSummary(Model):
    """A test run in a list. Times are RFC 3339 in UTC."""

    __test__: ClassVar[bool] = False

    run: str
    status: Status
    modules: tuple[str, ...]
    tags: str = ""
    failed_of: str = ""
    counts: CaseCounts
    seconds: float
    commit: str
    created_by: str
    created_at: str

    @classmethod
    def of(cls, row: TestRun) -> Self:
        """Make the view of a row."""
        return cls.from_row(row, run=row.id)


class TestRunView(TestRunSummary):
    """A test run: its counts, and the tests that speak against it, the worst first.

    `more` of them are not shown. `odoo` are Odoo's own counts, in which one test may be several.
    """

    name: str
    summary: str
    odoo: str = ""
    failures: tuple[CaseView, ...] = ()
    more: int = 0
    skipped: tuple[SkipView, ...] = ()

    @classmethod
    def shown(cls, row: TestRun, name: str, results: Iterable[CaseResult]) -> Self:
        """Make the view of a run of the environment of that name."""
        every = worst_first(results)
        bad = [CaseView.of(each) for each in every if each.outcome.is_bad]
        shown, size = list[CaseView](), 0
        for each in bad[:MOST_SHOWN]:
            size += len(each.message) + len(each.test) + len(each.file)
            if shown and size > MOST_CHARACTERS:
                break
            shown.append(each)
        return cls.from_row(
            row,
            run=row.id,
            name=name,
            failures=tuple(shown),
            more=len(bad) - len(shown),
            skipped=_skips(every),
        )


class TestRunList(Model):
    """An environment's test runs, the newest first."""

    __test__: ClassVar[bool] = False

    test_runs: tuple[TestRunSummary, ...]


def _skips(results: Iterable[CaseResult]) -> tuple[SkipView, ...]:
    """Return the reasons, the most frequent first."""
    found = Counter(
        each.message.strip().partition("\n")[0][:MOST_MESSAGE] or "without a reason"
        for each in results
        if each.outcome is CaseOutcome.SKIPPED
    )
    often = found.most_common(MOST_SHOWN)
    return tuple(SkipView(tests=number, reason=reason) for reason, number in often)
