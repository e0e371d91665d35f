"""The button Copy on the page of an environment, and the page that asks for the copy's name."""

import pytest

from oduflow.domain.outcome import Status
from tests.support.dashboard_world import post, show
from tests.support.store_rows import holding, job

JOB = job().id


@pytest.mark.parametrize("state", ["running", "stopped", "failed", "lost"])
def test_the_page_of_an_environment_offers_to_copy_it(world, ledger, state):
    ledger.add("demo", state=state)

    assert any(link["href"] == "/environments/demo/copy" for link in links(world, "demo"))


@pytest.mark.parametrize("state", ["creating", "deleting"])
def test_one_that_is_being_made_or_removed_is_not_copied(world, ledger, state):
    ledger.add("demo", state=state, url=None)

    assert not any(link["href"].endswith("/copy") for link in links(world, "demo"))


def test_a_page_asks_for_the_copys_name(world, ledger):
    ledger.add("demo")

    page = show(world, "/environments/demo/copy")

    assert "required" in page.one("input", name="new_name").attributes
    assert "Copy" in page.text


def test_it_begins_a_job_and_returns_to_the_source(world, ledger):
    ledger.add("demo")

    answer = post(world, "/environments/demo/copy", new_name="try")

    [job] = world.job_rows.rows
    assert answer.headers["Location"] == f"/environments/demo?job={job}"


@pytest.mark.parametrize("state", [None, "creating"])
def test_the_copy_is_shown_as_being_made_and_offers_nothing_that_would_be_busy(
    world, ledger, state
):
    ledger.add("demo")
    if state:
        ledger.add("try", state=state, url=None)
    begun(world)

    for path in ("/", "/environments/demo", "/environments/try", "/environments/try?job=" + JOB):
        page = show(world, path).one("main")
        sent = [form["action"] for form in page.all("form", method="post")]
        assert set(sent) == {f"/jobs/{JOB}/cancel"}, path
        assert {found.text for found in page.all("span", class_="state")} == {"Copying"}, path
        assert [link["href"] for link in page.all("a") if "/delete" in link["href"]] == [], path
    assert show(world, "/").one("tr", id="row-try").one("a", id="see-try").text == "try"
    assert show(world, "/environments/try").one("div", id="environment")["hx-get"]


def test_the_job_leads_to_both_environments_and_is_listed_for_both(world, ledger):
    begun(world)

    links = {link["href"] for link in show(world, f"/jobs/{JOB}").all("a")}

    for name in ("demo", "try"):
        assert f"/environments/{name}?job={JOB}" in links
        rows = show(world, f"/jobs?environment={name}").all("tr", id=f"row-{JOB}")
        assert len(rows) == 1, name


def begun(world):
    held = (*holding(environment="demo"), *holding(environment="try"))
    row = job(operation="copy_environment", target="demo", status=Status.RUNNING, holds=held)
    world.job_rows.add(row)


def links(world, name):
    return [
        each for each in show(world, f"/environments/{name}").all("a") if "href" in each.attributes
    ]
