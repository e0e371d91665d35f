"""A test run as text and as JUnit XML."""

import re
from collections.abc import Iterable, Iterator
from enum import IntEnum
from html import escape
from itertools import groupby

from oduflow.domain.clock import rfc3339
from oduflow.domain.counting import counted
from oduflow.domain.test_result import CaseCounts, CaseOutcome, CaseResult, worst_first
from oduflow.domain.test_run import TestRun

MOST_TEXT = 3_000_000  # bytes; Odoo's log comes behind it
MOST_XML = 3_900_000  # bytes; a stored text has 4 MiB
# What XML 1.0 does not allow, not even escaped (section 2.2, “Char”).
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ELEMENT = {
    CaseOutcome.ERROR: "error",
    CaseOutcome.FAILED: "failure",
    CaseOutcome.NEVER_RUN: "error",
    CaseOutcome.SKIPPED: "skipped",
}


class _Detail(IntEnum):
    """How much of a run is in its XML, from all of it down to what always fits."""

    COUNTS = 0
    NOT_PASSED = 1
    TESTS = 2
    MESSAGES = 3
    TRACES = 4


def report_text(run: TestRun, results: Iterable[CaseResult]) -> str:
    """Return a run as text: what speaks against it with its traces, then each test.

    Either part has at most half of MOST_TEXT, and says how many tests it leaves out.
    """
    lines = [run.summary]
    if run.odoo:
        lines.append(f"Odoo's own counts: {run.odoo}.")
    every = worst_first(results)
    bad = [each for each in every if each.outcome.is_bad]
    lines += [*_first(map(_explained, bad), len(bad)), ""]
    return "\n".join((*lines, *_first(map(_listed, every), len(every))))


def _first(texts: Iterable[str], total: int) -> Iterator[str]:
    """Yield the texts that fit into half of the report, and how many there are beside them."""
    left = MOST_TEXT // 2
    for number, text in enumerate(texts):
        left -= len(text.encode()) + 1
        if left < 0:
            yield f"[{counted(total - number, 'more test')} left out here.]"
            return
        yield text


def _explained(result: CaseResult) -> str:
    lines = ["", f"{result.outcome.upper()} {_named(result)}", result.message]
    return "\n".join((*lines, *([result.trace.rstrip("\n")] if result.trace else [])))


def _listed(result: CaseResult) -> str:
    why = f": {result.message}" if result.outcome is CaseOutcome.SKIPPED else ""
    return f"{result.outcome:9} {result.seconds:8.3f} s  {_named(result)}{why}"


def junit_xml(run: TestRun, name: str, results: Iterable[CaseResult]) -> str:
    """Return a run as JUnit XML, one suite for each module.

    There is no standard; this is the form that Jenkins, GitLab and GitHub's actions read. A test
    that never ran is an error there. Where the text would be too long to store, traces are left
    out, then messages, then passed tests, then all tests; a comment tells of tests.

    Args:
        run: the row.
        name: the environment's.
        results: of its tests.
    """
    every = sorted(results, key=lambda each: each.module)
    for detail in (_Detail.TRACES, _Detail.MESSAGES, _Detail.TESTS, _Detail.NOT_PASSED):
        text = "\n".join(_suites(run, name, every, detail))
        if len(text.encode()) <= MOST_XML:
            return text
    return "\n".join(_suites(run, name, every, _Detail.COUNTS))


def _suites(run: TestRun, name: str, every: list[CaseResult], detail: _Detail) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield f"<testsuites{_attributes(name=name, **_numbers(every), time=f'{run.seconds:.3f}')}>"
    if detail < _Detail.TESTS:
        which = "Passed tests are" if detail else "All tests are"
        yield f"<!-- {which} left out: the text would be too long. -->"
    for module, cases in groupby(every if detail else (), key=lambda each: each.module):
        found = list(cases)
        seconds = f"{sum(each.seconds for each in found):.3f}"
        about = {"name": module, **_numbers(found), "time": seconds}
        yield f"<testsuite{_attributes(**about, timestamp=rfc3339(run.created_at))}>"
        for each in found:
            if detail >= _Detail.TESTS or each.outcome is not CaseOutcome.PASSED:
                yield from _case(each, detail)
        yield "</testsuite>"
    yield "</testsuites>"


def _numbers(results: Iterable[CaseResult]) -> dict[str, str]:
    every = list(results)
    counts = CaseCounts.of(every)
    return {
        "tests": str(len(every)),
        "failures": str(counts.failed),
        "errors": str(counts.errors + counts.never_run),
        "skipped": str(counts.skipped),
    }


def _case(result: CaseResult, detail: _Detail) -> Iterator[str]:
    """Yield the lines of a test, none of which is so long that `read_output` would cut it."""
    class_, _, name = result.id.removeprefix("odoo.addons.").rpartition(".")
    about = {"classname": class_ or result.module, "name": name or result.test}
    about["time"] = f"{result.seconds:.3f}"
    if result.file:
        about |= {"file": result.file, "line": str(result.line)}
    element = _ELEMENT.get(result.outcome)
    if element is None:
        yield f"<testcase{_attributes(**about)}/>"
        return
    kind = {} if element == "skipped" else {"type": str(result.outcome)}
    if detail >= _Detail.MESSAGES:
        kind["message"] = result.message.partition("\n")[0]
    yield f"<testcase{_attributes(**about)}>"
    if detail >= _Detail.TRACES and element != "skipped":
        yield f"<{element}{_attributes(**kind)}>"
        yield _clean(result.trace or result.message)
        yield f"</{element}>"
    else:
        yield f"<{element}{_attributes(**kind)}/>"
    yield "</testcase>"


def _attributes(**values: str) -> str:
    return "".join(f' {name}="{_clean(value)}"' for name, value in values.items())


def _clean(text: str) -> str:
    return escape(_FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text))


def _named(result: CaseResult) -> str:
    place = f" ({result.file}:{result.line})" if result.file else ""
    return f"{result.test}{place}"
