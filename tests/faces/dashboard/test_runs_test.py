"""The page of an environment's test runs."""

import pytest

from oduflow.domain.outcome import Status
from oduflow.domain.test_result import CaseCounts
from tests.support import test_run_ledger
from tests.support.dashboard_world import BLUE, show
from tests.support.edit_ledger import HOSTILE
from tests.support.test_run_ledger import RUN, XML, run_view

PAGE = "/environments/demo/tests"


def test_the_environments_page_leads_to_its_tests_and_runs_them(world, ledger):
    ledger.add("demo")

    page = show(world, "/environments/demo")

    assert page.one("a", href=PAGE).text.startswith("Tests")
    assert page.one("a", href="/environments/demo/run-tests").text.startswith("Run tests…")
    assert "No tests were run yet" in show(world, PAGE).text


def test_the_form_takes_modules_and_begins_a_job(world, ledger):
    ledger.add("demo")
    form = {"modules": "sale, crm", "tags": "-slow"}

    answer = world.client().post("/environments/demo/run-tests", data=form, headers=BLUE)

    assert answer.status_code == 303
    job = answer.headers["Location"].partition("job=")[2]
    world.runner.jobs.wait("1", job, 10)
    assert ledger.test_runs[0].modules == ("sale", "crm")
    assert ledger.test_runs[0].tags == "-slow"


def test_the_latest_run_is_shown_with_what_failed_and_why_tests_were_skipped(world, ledger):
    ledger.add("demo")
    ledger.test_runs.append(run_view("demo"))

    page = show(world, PAGE)

    panel = page.one("section", class_="panel bad")
    assert "1 failed, 1 error, 1 skipped, 1 passed of 4 tests of sale." in panel.text
    assert "sale/tests/test_order.py:12" in panel.text
    assert panel.text.count(HOSTILE) == 3
    assert "1 skipped" in panel.text
    again = page.one("a", href=f"/environments/demo/run-tests?failed_of={RUN}")
    assert again.text == "Repeat what failed…"
    assert show(world, again["href"]).one("input", name="failed_of")["value"] == RUN


def test_an_earlier_run_is_chosen_from_the_list(world, ledger):
    ledger.add("demo")
    ledger.test_runs += [
        run_view("demo", run="bbbbbbbb2345", status=Status.OK, failures=(), summary="Fine."),
        run_view("demo", counts=CaseCounts(planned=1, never_run=1)),
    ]

    assert "Fine." in show(world, PAGE).one("section", class_="panel good").text
    link = show(world, PAGE).one("a", href=f"{PAGE}?run={RUN}")

    assert "1 error" in show(world, link["href"]).one("section", class_="panel bad").text


def test_a_run_is_downloaded_as_junit_xml(world, ledger):
    ledger.add("demo")
    ledger.test_runs.append(run_view("demo"))
    link = show(world, PAGE).one("a", href=f"{PAGE}/{RUN}.xml")

    answer = world.client().get(link["href"], headers=BLUE)

    assert answer.mimetype == "application/xml"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="tests-{RUN}.xml"'
    assert answer.text == XML


@pytest.mark.thorough
def test_the_longest_junit_xml_is_downloaded_whole(world, ledger, monkeypatch):
    ledger.add("demo")
    ledger.test_runs.append(run_view("demo"))
    longest = "\n".join(["x" * 16_001] * 260)  # one line on each page
    monkeypatch.setattr(test_run_ledger, "XML", longest)

    answer = world.client().get(f"{PAGE}/{RUN}.xml", headers=BLUE)

    assert answer.text == longest


def test_a_run_of_another_environment_is_not_found(world, ledger):
    ledger.add("demo")
    ledger.add("other")
    ledger.test_runs.append(run_view("other"))

    for path in (f"{PAGE}?run={RUN}", f"{PAGE}/{RUN}.xml"):
        assert world.client().get(path, headers=BLUE).status_code == 404
