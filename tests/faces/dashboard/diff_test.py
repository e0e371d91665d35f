"""The page of an environment's changes."""

from oduflow.domain.errors import Conflict
from tests.support.dashboard_world import BLUE, paused_jobs, show
from tests.support.fakes import World


def test_the_environments_page_leads_to_its_changes(world, ledger):
    ledger.add("demo")

    link = show(world, "/environments/demo").one("a", href="/environments/demo/diff")

    assert link.text.startswith("Changes since")
    assert "Not compared yet" in show(world, "/environments/demo/diff").text


def test_a_comparison_shows_its_progress_and_then_a_folded_section_each(world, ledger):
    ledger.add("demo")
    with paused_jobs(world, ledger):
        job = compare(world, finish=False)
        part = show(world, f"/environments/demo/diff?job={job}").one("div", id="diff")
        assert part["hx-get"] == f"/_/environments/demo/diff?job={job}"
        assert "Comparing demo" in part.text
    world.runner.jobs.wait("1", job, 10)

    page = show(world, f"/environments/demo/diff?job={job}")

    assert page.one("div", id="diff").get("hx-get") is None
    modules, fields, views, rows = page.all("details", class_="panel changes")
    assert modules.get("open") is None
    assert "1 added" in modules.one("summary").text
    assert "latest_version: 19.0.1.2" in modules.text
    assert "28 more." in fields.text
    lines = views.all("pre")[0].all("span")
    assert [line.get("data-line") for line in lines] == ["-", "+", None, None, "-", "+"]
    assert "Estimated: sale_order_line." in rows.text
    assert page.one("a", href=f"/outputs/{handle_of(world, job)}").text == "Whole output"


def test_the_latest_comparison_is_shown_without_asking_for_it(world, ledger):
    ledger.add("demo")
    ledger.add("other")
    compare(world)

    assert "1 added" in show(world, "/environments/demo/diff").text
    assert "Not compared yet" in show(world, "/environments/other/diff").text


def test_a_refused_comparison_says_why_on_its_page(world, ledger):
    ledger.add("demo")
    ledger.failures["diff_environment"] = Conflict("The template is gone.")
    job = compare(world)

    assert "The template is gone." in show(world, f"/environments/demo/diff?job={job}").text

    form = {"section": "nonsense"}
    answer = world.client().post("/environments/demo/diff", data=form, headers=BLUE)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text


def test_another_environments_comparison_is_not_shown(world, ledger):
    ledger.add("demo")
    ledger.add("other")
    job = compare(world)

    assert "Not compared yet" in show(world, f"/environments/other/diff?job={job}").text


def compare(world: World, *, finish: bool = True) -> str:
    answer = world.client().post("/environments/demo/diff", headers=BLUE)
    assert answer.status_code == 303, answer.text
    job = str(answer.headers["Location"].partition("job=")[2])
    if finish:
        world.runner.jobs.wait("1", job, 10)
    return job


def handle_of(world: World, job: str) -> str:
    result = world.job_rows.rows[job].result
    assert result is not None
    return str(result["output"])
