"""What people come for: make an environment, watch it, use it, throw it away."""

from playwright.sync_api import Page, expect

from oduflow.domain.boot_queue import BootKind
from oduflow.domain.job import Progress
from tests.support.browser import Served
from tests.support.dashboard_world import BROKEN, GONE, PASSWORD, REPOSITORY


def test_an_environment_is_asked_for_watched_and_served(served: Served):
    served.ledger.go.clear()
    page = served.visit()
    page.get_by_role("link", name="New environment").first.click()
    fill(page, name="Fix / Stock Labels", repository=REPOSITORY, modules="sale, crm")
    page.get_by_role("button", name="Create environment").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("fix-stock-labels")
    expect(page.locator("[data-say]")).to_have_text("Step 1 of 11 · reserving the name")
    [job] = served.world.job_rows.rows
    served.world.job_rows.progress(job, Progress("modules", "installing modules", 5, 10))
    expect(page.locator("[data-say]")).to_have_text("Step 5 of 10 · installing modules")
    expect(page.get_by_role("progressbar")).to_have_js_property("position", 5 / 10)
    served.world.job_rows.queue(job, 2, BootKind.SERVE)
    expect(page.locator("[data-say]")).to_contain_text("number 2 in the queue")
    served.world.job_rows.queue(job, 0, BootKind.SERVE)
    served.ledger.go.set()
    expect(page.locator("h1 + .state")).to_have_text("Running")
    expect(page.get_by_role("link", name="Open fix-stock-labels")).to_be_visible()
    expect(page.get_by_role("progressbar")).to_have_count(0)
    expect(page.get_by_role("heading", name="Log", exact=True)).to_be_visible()
    assert served.ledger.environments["fix-stock-labels"].modules == ("sale", "crm")


def test_a_page_asks_no_more_once_the_work_is_done(served: Served):
    served.ledger.add("demo", state="stopped", url=None)
    page = served.visit("/environments/demo")
    page.get_by_role("button", name="Start demo").click()
    expect(page.locator("h1 + .state")).to_have_text("Running")
    before = len(served.asked)
    page.wait_for_timeout(2500)
    assert [url for url in served.asked[before:] if "/static/" not in url] == []


def test_a_failed_environment_opens_its_reason(served: Served):
    page = served.visit("/new/environment")
    fill(page, name="demo", repository=REPOSITORY, modules=BROKEN)
    page.get_by_role("button", name="Create environment").click()
    why = page.locator("details.why")
    expect(why).to_contain_text("ImportError")
    expect(why).to_contain_text("Fix the module, push.")
    expect(page.locator("h1 + .state")).to_have_text("Failed")


def test_an_environment_that_failed_before_it_had_a_row_opens_its_reason(served: Served):
    page = served.visit("/new/environment")
    fill(page, name="demo", repository=GONE)
    page.get_by_role("button", name="Create environment").click()
    expect(page.locator("details.why")).to_contain_text("The git server does not answer.")


def test_work_is_called_off(served: Served):
    served.ledger.go.clear()
    page = served.visit("/new/environment")
    fill(page, name="demo", repository=REPOSITORY)
    page.get_by_role("button", name="Create environment").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("h1 + .state")).to_have_text("Cancelled")
    assert served.ledger.environments == {}


def test_deleting_says_what_is_lost_and_asks_first(served: Served):
    served.ledger.add("demo")
    served.ledger.step_seconds = 0.5
    page = served.visit("/environments/demo")
    page.get_by_role("link", name="Delete…").click()
    expect(page.get_by_role("listitem").first).to_contain_text("the database")
    page.get_by_role("link", name="Cancel").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("demo")
    page.get_by_role("link", name="Delete…").click()
    page.get_by_role("button", name="Delete demo").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Environments")
    expect(page.locator("#environments")).to_contain_text("demo is deleted.")
    assert served.ledger.environments == {}


def test_a_value_is_copied_with_a_button(served: Served):
    commit = served.ledger.add("demo").commit
    page = served.visit("/environments/demo", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy commit").click()
    expect(page.get_by_role("button", name="Copied commit")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == commit


def test_the_list_follows_what_is_done_to_its_rows(served: Served):
    served.ledger.add("demo", state="stopped", url=None)
    served.ledger.step_seconds = 0.5
    page = served.visit()
    page.get_by_role("button", name="Start demo").click()
    row = page.get_by_role("row").nth(1)
    expect(row).to_contain_text("Starting")
    expect(row).to_contain_text("Running")
    expect(row).to_have_class("changed")
    row.get_by_role("button", name="Stop demo").click()
    expect(row).to_contain_text("Stopped")


def test_searching_narrows_the_list_and_the_address_with_every_letter(served: Served):
    for name in ("sale-discounts", "stock-labels", "crm"):
        served.ledger.add(name)
    page = served.visit()
    page.get_by_role("searchbox").press_sequentially("sale", delay=30)
    expect(page.locator("td.name")).to_have_text(["sale-discounts"])
    expect(page).to_have_url(f"{served.url}/?q=sale")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.reload()
    expect(page.get_by_role("searchbox")).to_have_value("sale")
    page.get_by_role("searchbox").fill("")
    expect(page.locator("td.name")).to_have_count(3)
    expect(page).to_have_url(f"{served.url}/")


def test_searching_is_not_undone_by_a_list_that_renews_itself(served: Served):
    served.ledger.add("sale")
    served.ledger.add("crm", state="stopped", url=None)
    served.ledger.go.clear()
    page = served.visit()
    page.get_by_role("button", name="Start crm").click()
    page.get_by_role("searchbox").press_sequentially("sale", delay=300)
    expect(page.locator("td.name")).to_have_text(["sale"])
    page.wait_for_timeout(2500)
    expect(page.locator("td.name")).to_have_text(["sale"])


def test_the_login_is_shown_in_place_and_is_gone_with_the_page(served: Served):
    served.ledger.add("demo")
    page = served.visit("/environments/demo")
    assert PASSWORD not in page.content()
    page.get_by_role("button", name="Show login").click()
    expect(page.locator("#login")).to_contain_text(PASSWORD)
    expect(page).to_have_url(f"{served.url}/environments/demo")
    page.reload()
    expect(page.get_by_role("button", name="Show login")).to_be_visible()
    assert PASSWORD not in page.content()


def test_the_log_is_filtered_in_place(served: Served):
    served.ledger.add("demo")
    page = served.visit("/environments/demo")
    page.get_by_label("Level").select_option("error")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("#log pre span")).to_have_count(4)
    page.get_by_label("Grep").fill("zerodivision")
    page.get_by_label("Grep").press("Enter")
    expect(page.locator("#log pre span")).to_have_text(["ZeroDivisionError: division by zero"])


def test_a_page_left_open_shows_what_others_made_when_its_reader_returns(served: Served):
    page = served.visit()
    served.ledger.add("demo")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("td.name")).to_have_text(["demo"])


def fill(page: Page, *, name: str, repository: str, modules: str = "") -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Repository URL").fill(repository)
    page.get_by_label("Modules").fill(modules)
