"""Tell what became of a test run."""

from collections.abc import Iterable

from oduflow.domain.counting import counted
from oduflow.domain.errors import CommandFailed
from oduflow.domain.module_failure import listed, one_line
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import ErrorView, Outcome
from oduflow.domain.test_choice import gone_tests
from oduflow.domain.test_report import report_text
from oduflow.domain.test_run import TestRun
from oduflow.domain.test_run_view import CaseView, TestRunView
from oduflow.domain.test_verdict import RunVerdict, browser_skips, modules_without_tests
from oduflow.services.test_runs.running import RunningTests

MOST_LOG = 1 << 20  # characters of Odoo's log, from its end
MOST_LINES = 20  # tests that an error names


def told_run(
    work: RunningTests, verdict: RunVerdict, run: TestRun, *, is_clear: bool
) -> Outcome[TestRunView]:
    """Return the outcome of a run, with its whole report and Odoo's log as its output."""
    name = work.row.name
    view = TestRunView.shown(run, name, verdict.results)
    warnings = (*_warnings(work, verdict), *(() if is_clear else (_LEFT,)))
    log = work.output.text[-MOST_LOG:]
    output = f"{report_text(run, verdict.results)}\n\nOdoo's log:\n{log}"
    error, steps = None, tuple[Next, ...]()
    if not verdict.ok:
        steps = _steps(work, run, view)
        failure = CommandFailed(
            verdict.summary, verdict.hint, *steps, output=_lines(view.failures, view.more)
        )
        error = ErrorView.of(failure)
    return Outcome(
        view,
        f"{name}: {verdict.summary}",
        warnings=warnings,
        next=steps,
        output=output,
        truncated=not verdict.ok,
        status=run.status,
        error=error,
    )


_LEFT = "The clone could not be removed; the server removes it within a minute."


def _warnings(work: RunningTests, verdict: RunVerdict) -> tuple[str, ...]:
    found = list[str]()
    if skipped := browser_skips(verdict.results):
        was = "was" if skipped == 1 else "were"
        found.append(
            f"{counted(skipped, 'test')} {was} skipped because {work.image.facts.reference} has no "
            f"browser that runs: they are not tested. {work.image.remedy}".rstrip()
        )
    if work.chosen.only is None and verdict.counts.planned:
        absent = modules_without_tests(work.chosen, verdict.results)
        bare = [each for each in absent if each not in work.records.unloaded]
        tests = "test of these tags" if work.chosen.asked_tags else "standard test"
        if bare:
            found.append(f"{listed(bare)} {'has' if len(bare) == 1 else 'have'} no {tests}.")
    if work.records.odoo is not None and (gone := gone_tests(work.chosen, work.records.planned)):
        names = listed([one_line(each.removeprefix("odoo.addons.").rstrip(".")) for each in gone])
        found.append(f"Of run {work.chosen.failed_of}, there are no longer tests of {names}.")
    if missing := _missing(work):
        found.append(
            f"The database lacks columns of the code, so its modules need an upgrade: "
            f"{listed(missing)}."
        )
    return tuple(found)


def _missing(work: RunningTests) -> Iterable[str]:
    verdict = work.records.verdict
    return () if verdict is None else tuple(map(one_line, verdict.missing_columns))


def _steps(work: RunningTests, run: TestRun, view: TestRunView) -> tuple[Next, ...]:
    name, steps = work.row.name, list[Next]()
    verdict = work.records.verdict
    if verdict is not None and verdict.missing_columns:
        lacking = {each for of in verdict.missing_columns.values() for each in of}
        modules = tuple(sorted(lacking & {*work.chosen.modules}))
        steps.append(Next.of("upgrade_modules", "makes the columns", name=name, modules=modules))
    if view.failures:
        steps.append(Next.of("run_tests", "repeats these", name=name, failed_of=run.id))
    if view.more:
        steps.append(Next.of("get_test_run", "keeps them", name=name, run=run.id, junit=True))
    return tuple(steps)


def _lines(failures: Iterable[CaseView], more: int) -> str:
    """Return a line for each of the first tests, for those who read no data."""
    lines = [
        f"{each.outcome.upper()} {each.test}"
        + (f" ({each.file}:{each.line})" if each.file else "")
        + f": {one_line(each.message)}"
        for each in failures
    ][:MOST_LINES]
    return "\n".join((*lines, *([f"… and {more} more"] if more else [])))
