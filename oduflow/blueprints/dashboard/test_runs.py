"""The page of an environment's test runs, and each run as JUnit XML."""

from collections.abc import Iterator
from dataclasses import replace

from flask import Response, render_template, request

from oduflow.blueprints.dashboard.blueprint import blueprint, call, data, poll
from oduflow.blueprints.dashboard.buttons import Button, buttons
from oduflow.domain.environment import EnvironmentView
from oduflow.domain.output import MAX_CHARACTERS, OutputPage
from oduflow.domain.test_run_view import TestRunList, TestRunView

# Of a text of 4 MiB: two pages in succession have more than the characters that fit into one.
MOST_PAGES = 2 * (4 << 20) // MAX_CHARACTERS + 2


@blueprint.get("/environments/<name>/tests")
def test_runs(name: str) -> str:
    """Show the run that the URL names, else the latest, and the ones before.

    Raises:
        NotFound: there is no such environment or run.
    """
    environment: EnvironmentView = data("get_environment", name=name)
    runs: TestRunList = data("list_test_runs", name=environment.name)
    newest = runs.test_runs[0].run if runs.test_runs else ""
    chosen, shown = request.args.get("run", newest), None
    if chosen:
        found: TestRunView | None = poll("get_test_run", name=environment.name, run=chosen).data
        shown = found
    return render_template(
        "dashboard/tests.html",
        it=environment,
        runs=runs.test_runs,
        run=shown,
        buttons=list(_buttons(environment, shown)),
    )


@blueprint.get("/environments/<name>/tests/<run>.xml")
def junit(name: str, run: str) -> Response:
    """Send a run as JUnit XML.

    Raises:
        NotFound: there is no such environment or run.
    """
    answer = call("get_test_run", name=name, run=run, junit=True)
    response = Response("\n".join(_pages(answer.output or "")), mimetype="application/xml")
    response.headers["Content-Disposition"] = f'attachment; filename="tests-{run}.xml"'
    return response


def _buttons(environment: EnvironmentView, run: TestRunView | None) -> Iterator[Button]:
    """Yield the buttons that run tests, and that repeat what failed in the run."""
    again = {"failed_of": run.run} if run is not None and run.failures else {}
    for given in ({}, again) if again else ({},):
        for button in buttons(environment, "environment", listed=False, **given):
            if button.action.operation == "run_tests":
                label = "Repeat what failed…" if given else button.label
                yield replace(button, label=label, about="", id="")


def _pages(handle: str) -> Iterator[str]:
    """Read a stored text page by page."""
    given: dict[str, str] = {}
    for _ in range(MOST_PAGES):
        answer = poll("read_output", handle=handle, **given)
        page: OutputPage | None = answer.data
        yield "" if page is None else page.text
        if not answer.next:
            return
        given = {"lines": str(answer.next[0].arguments["lines"])}
