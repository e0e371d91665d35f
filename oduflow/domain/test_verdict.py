"""Judge a test run: a success needs tests, all of them run, and Odoo's own counts to agree."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from oduflow.domain.container import RunResult
from oduflow.domain.counting import counted
from oduflow.domain.module_failure import failure_cause_of, failure_place, listed
from oduflow.domain.test_choice import ChosenTests
from oduflow.domain.test_records import TestRecords
from oduflow.domain.test_result import CaseCounts, CaseOutcome, CaseResult

# The reasons with which Odoo 14 to 19 skip a test that needs a browser.
_BROWSER = re.compile(r"chrom|websocket-client|browser", re.IGNORECASE)

_NOT_LOADED = (
    "Odoo leaves out a module that is absent from the branch, is not installable, or depends on "
    "one that is missing or not installed."
)
_ALL_SKIPPED = "The answer has the reasons."


@dataclass(frozen=True, slots=True)
class RunEvidence:
    """What is known once the container has ended.

    Attributes:
        chosen: what was asked for.
        records: what the container told.
        result: how it ended; None if it was removed before.
        is_late: whether its time was over.
        timeout: that time in seconds.
        own: the folders inside the container that hold repositories.
        memory_mb: its limit.
    """

    chosen: ChosenTests
    records: TestRecords
    result: RunResult | None
    is_late: bool
    timeout: int
    own: tuple[str, ...]
    memory_mb: int


@dataclass(frozen=True, slots=True)
class RunVerdict:
    """What became of a run.

    Attributes:
        results: of each test.
        counts: of the results.
        summary: one sentence, without the environment.
        ok: whether it is a success.
        hint: what to do, in words; empty for nothing.
    """

    results: tuple[CaseResult, ...]
    counts: CaseCounts
    summary: str
    ok: bool
    hint: str = ""


def judge_run(seen: RunEvidence) -> RunVerdict:
    """Judge a run."""
    end, hint = _end(seen)
    results = seen.records.results(end)
    counts = CaseCounts.of(results)
    said = f"{counts.sentence} of {listed(seen.chosen.modules)}"
    if end:
        told = f": {said}" if counts.planned else ""
        return RunVerdict(results, counts, f"{end.rstrip('.')}{told}.", ok=False, hint=hint)
    message, hint = _problem(seen, results, counts)
    return RunVerdict(results, counts, message or f"{said}.", ok=not message, hint=hint)


def browser_skips(results: Iterable[CaseResult]) -> int:
    """Return how many tests were skipped because the image has no browser."""
    return sum(
        1
        for each in results
        if each.outcome is CaseOutcome.SKIPPED and _BROWSER.search(each.message)
    )


def modules_without_tests(chosen: ChosenTests, results: Iterable[CaseResult]) -> tuple[str, ...]:
    """Return the modules that have no test among the results."""
    found = {each.module for each in results}
    return tuple(each for each in chosen.modules if each not in found)


def _problem(
    seen: RunEvidence, results: tuple[CaseResult, ...], counts: CaseCounts
) -> tuple[str, str]:
    """Return why a run that came to its end is no success, and what to do; empty if it is one."""
    said = f"{counts.sentence} of {listed(seen.chosen.modules)}"
    if seen.records.unloaded:
        return f"Odoo did not load {listed(seen.records.unloaded)}: {said}.", _NOT_LOADED
    if counts.bad:
        return f"{said}.", ""
    if not counts.planned:
        return _nothing(seen.chosen)
    if not counts.passed:
        return f"{_all_skipped(counts.skipped)}, so nothing was tested.", _ALL_SKIPPED
    problem = _disagreement(seen.records, results)
    return problem, "Read Odoo's log." if problem else ""


def _end(seen: RunEvidence) -> tuple[str, str]:
    """Return why the run did not come to its end, and what to do; empty if it did."""
    records, result = seen.records, seen.result
    if seen.is_late:
        return (
            f"The tests did not end within {seen.timeout} s and were stopped.",
            "Choose fewer tests, or a longer timeout.",
        )
    if result is not None and result.out_of_memory:
        return f"The tests reached the limit of {seen.memory_mb} MiB of memory.", ""
    verdict = records.verdict
    if verdict is None:
        code = "" if result is None else f" with exit code {result.exit_code}"
        return f"Odoo ended{code} before the tests did.", ""
    if verdict.chain:
        place, cause = failure_place(verdict, seen.own), failure_cause_of(verdict)
        where = f"{place}: " if place else ""
        return f"Odoo did not load the database: {where}{cause}.", ""
    return "", ""


def _nothing(chosen: ChosenTests) -> tuple[str, str]:
    """Return why there was no test: that is never a success."""
    modules = listed(chosen.modules)
    if chosen.failed_of:
        return f"No test of run {chosen.failed_of} exists any more.", "Run the modules again."
    if chosen.asked_tags:
        return (
            f"No test of {modules} has the tags {chosen.asked_tags}, so nothing was tested.",
            "Without a tag of its own a part means standard tests; * means all.",
        )
    return (
        f"{modules} has no standard test, so nothing was tested."
        if len(chosen.modules) == 1
        else f"{modules} have no standard test, so nothing was tested.",
        "Its tests are in tests/test_*.py, which tests/__init__.py imports; tags=* runs all.",
    )


def _all_skipped(number: int) -> str:
    return "The only test was skipped" if number == 1 else f"All {number} tests were skipped"


def _disagreement(records: TestRecords, results: tuple[CaseResult, ...]) -> str:
    """Return what Odoo counted differently; such a run is no success."""
    odoo = records.odoo
    if odoo is None:
        return "Odoo gave no counts of its own, which would prove the results."
    found = (records.problems["failed"], records.problems["error"], records.ends)
    if found == (odoo.failed, odoo.errors, odoo.tests):
        return ""
    passed = sum(1 for each in results if each.outcome is CaseOutcome.PASSED)
    return (
        f"{counted(passed, 'test')} passed, but Odoo itself counted {odoo.text}, "
        "which the results do not explain."
    )
