"""The essentials work where scripts do not run."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import Served
from tests.support.dashboard_world import PASSWORD, REPOSITORY, finish

WITH_JOB = re.compile("[?]job=")


@pytest.fixture
def page(served: Served) -> Page:
    return served.visit(java_script_enabled=False)


def test_an_environment_is_made(served: Served, page: Page):
    served.ledger.go.clear()
    page.get_by_role("link", name="New environment").first.click()
    page.get_by_label("Name").fill("demo")
    page.get_by_label("Repository URL").fill(REPOSITORY)
    page.get_by_role("button", name="Create environment").click()
    expect(page.locator("#environment")).to_contain_text("Step 1 of 11 · reserving the name")
    served.ledger.go.set()
    finish(served.world)
    page.get_by_role("link", name="Look again").click()
    expect(page.locator("h1 + .state")).to_have_text("Running")


def test_an_extra_repo_is_chosen_for_a_new_environment(served: Served, page: Page):
    served.ledger.add_extra_repo("enterprise")
    page.goto(f"{served.url}/new/environment")
    page.get_by_label("Name").fill("demo")
    page.get_by_label("Repository URL").fill(REPOSITORY)
    page.get_by_label("enterprise@19.0").check()
    page.get_by_role("button", name="Create environment").click()
    finish(served.world)
    assert [pin.name for pin in served.ledger.environments["demo"].extra_repos] == ["enterprise"]


def test_an_environment_is_stopped_started_and_deleted(served: Served, page: Page):
    served.ledger.add("demo")
    page.goto(f"{served.url}/environments/demo")
    page.get_by_role("button", name="Stop demo").click()
    expect(page.locator("h1 + .state")).to_have_text("Stopped")
    page.get_by_role("button", name="Start demo").click()
    expect(page).to_have_url(WITH_JOB)
    finish(served.world)
    page.reload()
    expect(page.locator("h1 + .state")).to_have_text("Running")
    page.get_by_role("link", name="Delete…").click()
    page.get_by_role("button", name="Delete demo").click()
    expect(page).to_have_url(WITH_JOB)
    finish(served.world)
    page.reload()
    expect(page.locator("#environments")).to_contain_text("demo is deleted.")


def test_the_list_is_searched_and_the_log_filtered(served: Served, page: Page):
    served.ledger.add("sale")
    served.ledger.add("crm")
    page.goto(served.url)
    page.get_by_role("searchbox").fill("sale")
    page.get_by_role("searchbox").press("Enter")
    expect(page.locator("td.name")).to_have_text(["sale"])
    page.get_by_role("link", name="sale", exact=True).click()
    page.get_by_label("Level").select_option("error")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("#log pre span")).to_have_count(4)


def test_the_login_is_shown(served: Served, page: Page):
    served.ledger.add("demo")
    page.goto(f"{served.url}/environments/demo")
    page.get_by_role("button", name="Show login").click()
    expect(page.locator("#login")).to_contain_text(PASSWORD)


def test_times_are_said_in_utc_and_no_shortcut_is_promised(served: Served, page: Page):
    served.ledger.add("demo")
    page.goto(f"{served.url}/environments/demo")
    expect(page.locator("dd time")).to_contain_text(" UTC")
    expect(page.locator("#keys")).to_be_hidden()
