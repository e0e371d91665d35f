"""The dashboard works with the keyboard, and screen readers announce live changes."""

from playwright.sync_api import Page, expect

from tests.support.browser import Served
from tests.support.dashboard_world import REPOSITORY

FOCUSED = "document.activeElement.textContent.trim() || document.activeElement.name"
OUTLINE = "getComputedStyle(document.activeElement).outlineStyle"


def test_the_first_stop_skips_the_bar(served: Served):
    page = served.visit()
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUSED) == "Skip to content"
    expect(page.get_by_role("link", name="Skip to content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#work")).to_be_focused()


def test_every_stop_is_seen(served: Served):
    served.ledger.add("demo")
    for path in ("/", "/environments/demo", "/new/environment", "/templates", "/jobs", "/system"):
        page = served.visit(path)
        page.locator(".skip").focus()
        stops = set()
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement === document.body"):
                break
            stops.add(page.evaluate(FOCUSED))
            assert page.evaluate(OUTLINE) != "none", page.evaluate(FOCUSED)
        assert len(stops) > 5


def test_an_environment_is_made_without_a_mouse(served: Served):
    page = served.visit()
    page.keyboard.press("n")
    expect(page.get_by_label("Name")).to_be_focused()
    page.keyboard.type("notes ng")  # letters in a field are letters
    page.keyboard.press("Tab")
    page.keyboard.type(REPOSITORY)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("notes-ng")
    expect(page.locator("h1 + .state")).to_have_text("Running")


def test_a_slash_searches_and_escape_leaves(served: Served):
    page = served.visit()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("/n")
    expect(page.get_by_role("searchbox")).to_have_value("/n")
    page.keyboard.press("Escape")
    expect(page.locator("#work")).to_be_focused()


def test_a_slash_elsewhere_goes_to_the_search(served: Served):
    page = served.visit("/system")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()


def test_g_and_a_letter_go_to_a_page(served: Served):
    page = served.visit()
    for letter, title in (
        ("t", "Templates"),
        ("r", "Extra repos"),
        ("j", "Jobs"),
        ("s", "System"),
        ("e", "Environments"),
    ):
        page.keyboard.press("g")
        page.keyboard.press(letter)
        expect(page.get_by_role("heading", level=1)).to_have_text(title)
        page.wait_for_load_state()  # shortcuts are there with the scripts
    page.keyboard.press("?")
    expect(page.get_by_role("heading", level=1)).to_have_text("Help")


def test_a_letter_alone_and_a_browsers_own_shortcut_go_nowhere(served: Served):
    page = served.visit()
    for keys in ("t", "g x t", "Control+g t", "Alt+n"):
        for key in keys.split():
            page.keyboard.press(key)
    page.wait_for_timeout(200)
    expect(page.get_by_role("heading", level=1)).to_have_text("Environments")


def test_shortcuts_can_be_turned_off_and_stay_off(served: Served):
    page = served.visit()
    page.get_by_role("button", name="Turn shortcuts off").click()
    page.reload()
    page.keyboard.press("n")
    page.wait_for_timeout(200)
    expect(page.get_by_role("heading", level=1)).to_have_text("Environments")
    page.get_by_role("button", name="Turn shortcuts on").click()
    page.locator("#work").focus()
    page.keyboard.press("n")
    expect(page.get_by_role("heading", level=1)).to_have_text("New environment")


def test_what_is_focused_stays_focused_while_the_page_renews_itself(served: Served):
    page = standing_still(served)
    button = page.get_by_role("button", name="Cancel")
    button.focus()
    with page.expect_response("**/_/environments/**"):
        pass
    page.wait_for_timeout(300)
    expect(button).to_be_focused()


def test_what_changes_by_itself_is_announced_once(served: Served):
    page = standing_still(served)
    said = page.locator("#said")
    expect(said).to_have_text("Step 1 of 1 · starting Odoo")
    page.evaluate(
        "window.told = 0; new MutationObserver(() => window.told++)"
        ".observe(document.getElementById('said'), {childList: true})"
    )
    page.wait_for_timeout(2500)
    assert page.evaluate("window.told") == 0
    served.ledger.go.set()
    expect(said).to_contain_text("demo serves at")


def standing_still(served: Served) -> Page:
    served.ledger.add("demo", state="stopped", url=None)
    served.ledger.go.clear()
    page = served.visit("/environments/demo")
    page.get_by_role("button", name="Start demo").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    return page
