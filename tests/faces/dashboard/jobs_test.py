"""The jobs: the list, one of them, calling one off."""

from dataclasses import replace
from datetime import timedelta

import pytest

from oduflow.domain.errors import UpstreamFailed
from tests.support.dashboard_world import (
    BLUE,
    GONE,
    REPOSITORY,
    make_dashboard,
    paused_jobs,
    post,
    show,
)
from tests.support.fakes import ONE_TEAM, World
from tests.support.pages import read_page


def test_the_list_says_what_was_asked_how_far_it_is_and_how_it_ended(world, ledger):
    begin(world, name="gone", repo_url=GONE)
    begin(world, name="made", repo_url=REPOSITORY)
    with paused_jobs(world, ledger):
        begin(world, finish=False, name="slow", repo_url=REPOSITORY)
        page = show(world, "/jobs")
        slow, made, gone = page.one("tbody").all("tr")
        assert page.one("div", id="jobs")["hx-trigger"] == "every 1s"
    assert "Create environment slow" in slow.text
    assert "Step 1 of 11 · reserving the name" in slow.text
    assert slow.one("span", class_="state")["data-state"] == "busy"
    assert "made serves at http://localhost:20001/" in made.text
    assert "The git server does not answer." in gone.text
    assert show(world, "/jobs").one("div", id="jobs").get("hx-trigger") is None


def test_the_list_can_be_narrowed_to_what_goes_on(world, ledger):
    begin(world, name="made", repo_url=REPOSITORY)
    with paused_jobs(world, ledger):
        begin(world, finish=False, name="slow", repo_url=REPOSITORY)
        page = show(world, "/jobs?active=true")
        assert "made" not in page.one("tbody").text
        assert page.one("div", id="jobs")["hx-get"] == "/_/jobs?active=true"
    assert "No active job" in show(world, "/jobs?active=true").text


def test_the_list_is_narrowed_to_an_environment(world, ledger):
    begin(world, name="made", repo_url=REPOSITORY)
    begin(world, name="other", repo_url=REPOSITORY)
    page = show(world, "/jobs?environment=made")
    [row] = page.one("tbody").all("tr")
    assert "Create environment made" in row.text
    select = page.one("select", name="environment")
    assert [option.text for option in select.all("option")] == ["Any", "made", "other"]
    assert select.one("option", selected="").text == "made"
    assert "No job yet of gone" in show(world, "/jobs?environment=gone").text


@pytest.mark.parametrize(
    ("toml", "repository"),
    [
        ("[server]\nsample = true\n", "http://127.0.0.1:8770/addons.git"),
        ("", "https://github.com/OWNER/ADDONS.git"),
    ],
)
@pytest.mark.parametrize("path", ["/", "/jobs"])
def test_an_empty_page_names_the_sample_repository_if_this_server_offers_it(path, toml, repository):
    world, _ = make_dashboard(toml + ONE_TEAM)

    command = f"oduflow call create_environment demo {repository}"
    assert command in show(world, path).text


@pytest.mark.parametrize("job", ["nope", "ghwk4poer46i"])
def test_a_job_that_does_not_exist_leads_to_the_list(world, job):
    answer = world.client().get(f"/jobs/{job}", headers={**BLUE, "Accept": "text/html"})
    page = read_page(answer.text)

    assert answer.status_code == 404
    assert "There is no job" in page.text
    assert "get_job" not in page.text
    assert page.one("main").one("a", href="/jobs").text == "Jobs"


def test_a_failure_of_yesterday_is_no_news(world):
    job = begin(world, name="gone", repo_url=GONE)
    assert show(world, "/jobs").one("tr", id=f"row-{job}").get("class") is None
    row = world.job_rows.rows[job]
    world.job_rows.rows[job] = replace(row, updated_at=row.updated_at - timedelta(days=2))
    assert show(world, "/jobs").one("tr", id=f"row-{job}")["class"] == "old"


def test_a_running_jobs_page_polls_every_second(world, ledger):
    with paused_jobs(world, ledger):
        job = begin(world, finish=False, name="slow", repo_url=REPOSITORY)
        part = show(world, f"/jobs/{job}").one("div", id="job")
        assert (part["hx-get"], part["hx-trigger"]) == (f"/_/jobs/{job}", "every 1s")
        assert part.one("progress")["max"] == "11"
    part = show(world, f"/_/jobs/{job}").one("div", id="job")
    assert part.get("hx-get") is None


def test_a_finished_job_shows_its_result(world):
    job = begin(world, name="made", repo_url=REPOSITORY, modules="sale")
    page = show(world, f"/jobs/{job}")
    assert "made serves at http://localhost:20001/" in page.text
    assert page.all("a", href=f"/environments/made?job={job}")
    facts = page.one("details").text
    assert "Repository URL" in facts
    assert REPOSITORY in facts


def test_a_failed_job_shows_its_reason(world):
    job = begin(world, name="gone", repo_url=GONE)
    page = show(world, f"/jobs/{job}")
    assert page.all("span", class_="state")[0].text == "Failed"
    assert "The git server does not answer." in page.one("details", class_="why").text


def test_a_failed_job_names_the_snapshot_from_before(world, ledger):
    ledger.failures["create_environment"] = failure = UpstreamFailed("Odoo ended.")
    failure.snapshot = "before-sql-1"
    job = begin(world, name="broken", repo_url=REPOSITORY)
    assert "before-sql-1" in show(world, f"/jobs/{job}").text


def test_a_failed_job_says_where_the_whole_output_is(world, ledger):
    ledger.failures["create_environment"] = UpstreamFailed("Odoo ended.", output="x" * 9000)
    job = begin(world, name="broken", repo_url=REPOSITORY)
    (handle,) = [each for _, each in world.outputs.stored]
    link = show(world, f"/jobs/{job}").one("a", href=f"/outputs/{handle}")
    assert link.text == "Whole output"
    assert show(world, link["href"]).one("h1").text == "Output"


def test_calling_one_off_stops_it_and_removes_what_it_made(world, ledger):
    with paused_jobs(world, ledger):
        job = begin(world, finish=False, name="slow", repo_url=REPOSITORY)
        answer = world.client().post(f"/jobs/{job}/cancel", headers=BLUE)
        assert answer.status_code == 303
        assert answer.headers["Location"] == f"/jobs/{job}?asked=yes"
        world.runner.jobs.wait("1", job, 10)
    page = show(world, f"/jobs/{job}?asked=yes")
    assert page.all("span", class_="state")[0].text == "Cancelled"
    assert ledger.environments == {}


def test_a_job_that_is_being_cancelled_says_so_and_offers_it_once(world, ledger):
    with paused_jobs(world, ledger):
        job = begin(world, finish=False, name="slow", repo_url=REPOSITORY)
        page = show(world, f"/jobs/{job}?asked=yes")
        assert "Asked to stop." in page.text
        assert page.all("form") == []
        assert page.one("div", id="job")["hx-get"] == f"/_/jobs/{job}?asked=yes"


def test_a_deletion_is_not_offered_to_be_called_off_and_refuses_to_be(world, ledger):
    ledger.add("demo")
    with paused_jobs(world, ledger):
        job = post(world, "/environments/demo/delete").headers["Location"].partition("job=")[2]
        for path in ("/", "/jobs", f"/jobs/{job}", f"/environments/demo?job={job}"):
            page = show(world, path)
            assert page.all("progress"), path
            assert page.all("button", id=f"cancel-{job}") == [], path
        answer = world.client().post(f"/jobs/{job}/cancel", headers=BLUE)
        assert answer.status_code == 409
        assert "delete_environment cannot be cancelled once it has started" in answer.text
        assert not world.job_rows.rows[job].cancel_requested


def test_a_missing_job_cannot_be_cancelled(world):
    answer = world.client().post(f"/jobs/{'a' * 12}/cancel", headers=BLUE)
    assert answer.status_code == 404


def begin(world: World, *, finish: bool = True, **form: str) -> str:
    answer = post(world, "/environments", **form)
    job = str(answer.headers["Location"].partition("job=")[2])
    world.runner.jobs.wait("1", job, 10 if finish else 0)
    return job
