"""Find the test runs of an environment."""

from oduflow.adapters.store import TestRuns
from oduflow.domain.environment import Environment
from oduflow.domain.outcome import Outcome
from oduflow.domain.test_report import junit_xml, report_text
from oduflow.domain.test_run import GetTestRun, TestRun, no_run
from oduflow.domain.test_run_view import TestRunView


def find_run(test_runs: TestRuns, environment: Environment, run: str) -> TestRun:
    """Return a run of the environment.

    Raises:
        NotFound: it has none of that id.
    """
    found = test_runs.by_id(run)
    if found is None or found.environment != environment.id:
        raise no_run(environment.name, run)
    return found


def shown_run(
    test_runs: TestRuns, environment: Environment, args: GetTestRun
) -> Outcome[TestRunView]:
    """Return a run with the results of its tests, the whole of them as the output.

    Raises:
        NotFound: the environment has no such run.
    """
    run = find_run(test_runs, environment, args.run)
    results = test_runs.results(run.id)
    name, view = environment.name, TestRunView.shown(run, environment.name, results)
    output = junit_xml(run, name, results) if args.junit else report_text(run, results)
    return Outcome(view, f"{name}: {run.summary or run.status}", output=output)
