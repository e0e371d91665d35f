"""Saving an environment as a template: the button, the page that asks, and the template's row."""

import pytest

from tests.support.dashboard_world import finish, paused_jobs, post, show


@pytest.mark.parametrize(
    ("state", "offered"),
    [("running", True), ("stopped", True), ("creating", False), ("failed", False), ("lost", False)],
)
def test_the_page_of_an_environment_that_has_data_offers_it(world, ledger, state, offered):
    ledger.add("demo", state=state)

    links = {link["href"] for link in show(world, "/environments/demo").all("a")}

    assert ("/environments/demo/save-as-template" in links) is offered
    assert "save-as-template" not in show(world, "/").text


def test_the_page_asks_for_the_templates_name_and_says_what_stays_behind(world, ledger):
    ledger.add("demo")

    page = show(world, "/environments/demo/save-as-template")

    assert page.one("input", name="template").get("value") in {None, ""}
    assert "Save demo as a template" in page.text
    assert "administrator's password stay behind" in page.text


def test_it_is_a_job_of_the_environment_and_the_list_shows_where_the_template_is_from(
    world, ledger
):
    ledger.add("demo")

    answer = post(world, "/environments/demo/save-as-template", template="kept")

    [job] = world.job_rows.rows
    assert answer.headers["Location"] == f"/environments/demo?job={job}"
    finish(world)
    listed = show(world, "/templates").text
    assert "Saved from environment demo at a41f09c2, Odoo 19.0" in listed
    assert "neutralised" not in listed.partition("Saved from")[2].partition("kept")[0]


@pytest.mark.parametrize("row", ["kept", "kept.v2"])
def test_meanwhile_the_template_is_shown_as_being_saved_and_is_not_deleted(world, ledger, row):
    ledger.add("demo")
    ledger.add_template(row, state="creating")
    with paused_jobs(world, ledger):
        post(world, "/environments/demo/save-as-template", template="kept")
        page = show(world, "/templates").one("div", id="templates")
        [job] = world.job_rows.rows
        assert "Saving as a template" in page.text
        assert [form["action"] for form in page.all("form")] == [f"/jobs/{job}/cancel"]
        assert "/delete" not in {link["href"].rpartition("/")[2] for link in page.all("a")}
        assert page["hx-trigger"] == "every 1s"


def test_a_version_whose_making_was_cut_off_offers_nothing_that_its_name_refuses(world, ledger):
    ledger.add_template("kept.v2", state="creating")

    page = show(world, "/templates").one("div", id="templates")

    assert [link["href"] for link in page.all("a") if "kept.v2" in link["href"]] == []


def test_without_a_name_the_form_says_so(world, ledger):
    ledger.add("demo")

    answer = post(world, "/environments/demo/save-as-template", template="")

    assert answer.status_code == 422
    assert world.job_rows.rows == {}
