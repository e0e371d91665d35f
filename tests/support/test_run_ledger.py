"""The operations on test runs, on the ledger: one run with every outcome, its texts hostile."""

from typing import Any

from oduflow.domain.outcome import Outcome, Status
from oduflow.domain.test_result import CaseCounts, CaseOutcome
from oduflow.domain.test_run import no_run
from oduflow.domain.test_run_view import (
    CaseView,
    SkipView,
    TestRunList,
    TestRunSummary,
    TestRunView,
)
from oduflow.kernel.call import Call
from tests.support.edit_ledger import COMMIT, HOSTILE

RUN = "abcdefgh2345"
COUNTS = CaseCounts(planned=4, passed=1, failed=1, errors=1, skipped=1)
XML = '<?xml version="1.0"?>\n<testsuites name="demo"/>'


def case(test: str, outcome: CaseOutcome = CaseOutcome.FAILED) -> CaseView:
    return CaseView(
        test=test,
        outcome=outcome,
        seconds=0.2,
        message=HOSTILE,
        file="sale/tests/test_order.py",
        line=12,
    )


def run_view(name: str, **changes: Any) -> TestRunView:
    values: dict[str, Any] = {
        "run": RUN,
        "status": Status.FAILED,
        "modules": ("sale",),
        "counts": COUNTS,
        "seconds": 8.1,
        "commit": COMMIT,
        "created_by": "ada",
        "created_at": "2026-03-04T05:06:07.890Z",
        "name": name,
        "summary": "1 failed, 1 error, 1 skipped, 1 passed of 4 tests of sale.",
        "odoo": "1 failed, 1 error(s) of 4 tests",
        "failures": (
            case("/sale:TestOrder.test_breaks", CaseOutcome.ERROR),
            case("/sale:TestOrder.test_total"),
        ),
        "skipped": (SkipView(tests=1, reason=HOSTILE),),
    }
    return TestRunView(**values | changes)


def list_test_runs(ledger: Any, call: Call, args: Any) -> Outcome[TestRunList]:
    ledger.find(args.name)
    runs = tuple(
        TestRunSummary.from_row(each) for each in ledger.test_runs if each.name == args.name
    )
    return Outcome(TestRunList(test_runs=runs), "There are some.")


def get_test_run(ledger: Any, call: Call, args: Any) -> Outcome[TestRunView]:
    ledger.find(args.name)
    for each in ledger.test_runs:
        if (each.name, each.run) == (args.name, args.run):
            return Outcome(each, each.summary, output=XML if args.junit else "text")
    raise no_run(args.name, args.run)


def run_tests(ledger: Any, call: Call, args: Any) -> Outcome[TestRunView]:
    ledger.find(args.name)
    ran = run_view(args.name, modules=args.modules, tags=args.tags)
    ledger.test_runs.insert(0, ran)
    return Outcome(ran, ran.summary)


TEST_RUN_HANDLERS: dict[str, Any] = {
    "get_test_run": get_test_run,
    "list_test_runs": list_test_runs,
    "run_tests": run_tests,
}
