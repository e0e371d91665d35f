"""Pages fit, can be hit with a finger, and read well, in both themes."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.audit.rows import AuditRow
from oduflow.domain.clock import now, rfc3339
from oduflow.domain.errors import UpstreamFailed
from oduflow.domain.outcome import ErrorView
from oduflow.domain.storage import DiskView
from tests.support.browser import Served
from tests.support.dashboard_world import TRACEBACK, begin
from tests.support.grant_ledger import grant_view

PAGES = (
    "/",
    "/?q=nothing-fits-this",
    "/new/environment",
    "/environments/demo",
    "/environments/failed",
    "/environments/slow",
    "/environments/demo/delete",
    "/templates",
    "/templates/base-19/delete",
    "/extra-repos",
    "/new/extra-repo",
    "/credentials",
    "/new/credential",
    "/jobs",
    "/access",
    "/new/grant",
    "/audit",
    "/system",
    "/help",
    "/environments/nowhere-at-all",
)
LONG = "feature/" + "a-very-long-branch-name-without-any-space-" * 4
# WCAG 2.2, 2.5.8: links within a sentence are exempt.
SMALL_TARGETS = """
() => [...document.querySelectorAll("a, button, input, select, summary")]
  .filter((part) => part.checkVisibility() && !part.closest(".unseen, .skip"))
  .filter((part) => !(part.matches("a") && part.closest("p:not(.trail), dd, li, td:not(.name)")
    && !part.matches(".button")))
  .filter((part) => part.type !== "hidden" && part.type !== "checkbox")
  .map((part) => [part.outerHTML.slice(0, 90), part.getBoundingClientRect()])
  .filter(([, box]) => box.width < 24 || box.height < 20)
  .map(([html, box]) => `${html} ${box.width}x${box.height}`)
"""
WIDER_THAN_THE_SCREEN = """
() => [...document.querySelectorAll("main *")]
  .filter((part) => part.checkVisibility() && !part.closest(".unseen, .output"))
  .filter((part) => part.getBoundingClientRect().right > innerWidth + 1)
  .map((part) => part.outerHTML.slice(0, 90))
"""
# A run of letters that the lines of a table split. Longer ones are no words, but names.
SPLIT_WORDS = r"""
() => [...document.querySelectorAll("th, td, dt, button, .button, .state")]
  .filter((part) => part.checkVisibility() && !part.closest(".unseen"))
  .flatMap((part) => {
    const texts = document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
    const split = [];
    while (texts.nextNode()) {
      const holder = texts.currentNode.parentElement;
      if (holder.closest("code, .chip, .unseen, td.name, td a, td .value")) continue;
      for (const word of texts.currentNode.data.matchAll(/\p{L}{2,20}(?!\p{L})(?<!\p{L}{21})/gu)) {
        const range = document.createRange();
        range.setStart(texts.currentNode, word.index);
        range.setEnd(texts.currentNode, word.index + word[0].length);
        if (new Set([...range.getClientRects()].map((box) => Math.round(box.top))).size > 1)
          split.push(`${word[0]} in ${part.textContent.trim().slice(0, 60)}`);
      }
    }
    return split;
  })
"""


def test_nothing_sticks_out_and_no_word_of_a_table_is_split(stocked: Served):
    for path, width, page in seen_at(stocked, 360, 390, 641, 901, 1024, 1120, 1179, 1180, 1440):
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (path, width)
        assert page.evaluate(WIDER_THAN_THE_SCREEN) == [], (path, width)
        assert page.evaluate(SPLIT_WORDS) == [], (path, width)


def test_what_is_to_be_hit_is_large_enough(stocked: Served):
    for path, width, page in seen_at(stocked, 360, 1180):
        assert page.evaluate(SMALL_TARGETS) == [], (path, width)


def test_both_themes_are_drawn(stocked: Served):
    grounds = {
        theme: stocked.visit("/", color_scheme=theme).evaluate(
            "getComputedStyle(document.body).backgroundColor"
        )
        for theme in ("light", "dark")
    }
    assert grounds == {"light": "rgb(247, 247, 245)", "dark": "rgb(20, 21, 23)"}


def test_rows_are_cards_where_it_is_narrow(stocked: Served):
    for width, display in ((360, "grid"), (1180, "table-row")):
        page = stocked.visit("/", width=width)
        row = page.locator("tbody tr").first
        assert row.evaluate("row => getComputedStyle(row).display") == display


def test_who_wants_no_motion_gets_none(stocked: Served):
    for wish, moving in (("reduce", "none"), ("no-preference", "turn")):
        page = stocked.visit("/environments/slow", reduced_motion=wish)
        page.wait_for_function(
            "wanted => getComputedStyle(document.querySelector('[data-state=busy]'), '::before')"
            ".animationName === wanted",
            arg=moving,
        )


def test_times_are_a_persons_own(stocked: Served):
    page = stocked.visit("/environments/demo", timezone_id="Asia/Tokyo", locale="en-GB")
    shown = page.locator("dd time")
    assert " UTC" not in shown.inner_text()
    expected = shown.evaluate(
        "time => new Date(time.dateTime).toLocaleString('en-GB', "
        "{ dateStyle: 'medium', timeStyle: 'short', timeZone: 'Asia/Tokyo' })"
    )
    assert shown.inner_text() == expected


@pytest.fixture
def stocked(served: Served) -> Served:
    ledger = served.ledger
    wrong = ErrorView.of(UpstreamFailed("Not installed.", "Fix it.", output=TRACEBACK + "x" * 400))
    ledger.add("demo", branch=LONG, template="a" * 39, created_by="octocat")
    ledger.add("a" * 39, state="stopped", url=None, protected=True)
    ledger.add("failed", state="failed", url=None, error=wrong)
    ledger.add("slow", state="stopped", url=None)
    ledger.add("by-root", created_by="cli:root", repo_url="https://github.com/acme/shop.git")
    ledger.add_template("acme", modules=("sale_management",) * 5, environments=("a" * 39,) * 4)
    disk = DiskView(own=33_000_000, shared=21_000_000, measured_at=rfc3339(now()))
    ledger.add_template(
        "base-19", environments=("bad", "demo", "shop"), created_by="cli:root", disk=disk
    )
    ledger.add_extra_repo("a" * 39, branch=LONG, environments=("a" * 39,) * 4)
    ledger.credentials.add(host="git." + "a" * 59 + ".example", username="someone-" * 8)
    ledger.grants["a" * 39] = grant_view("a" * 39, environments=("a" * 39,) * 4)
    ledger.audit.append(audited("https://git.example.com/acme/" + "a" * 60 + ".git"))
    ledger.audit.append(audited("https://github.com/acme/shop.git"))
    ledger.go.clear()
    begin(served.world, "start_environment", name="slow")
    return served


def audited(repo_url: str) -> AuditRow:
    return AuditRow(
        time=now(),
        actor=Actor("1", ActorKind.OAUTH, "octocat"),
        face="dashboard",
        address="192.0.2.17",
        operation="create_environment",
        fields={"name": "shop", "repo_url": repo_url, "modules": ("sale", "crm")},
        outcome="ok",
        duration_ms=3100,
    )


def seen_at(served: Served, *widths: int) -> Iterator[tuple[str, int, Page]]:
    """Open every page once, and give its window one width after the other."""
    page = served.visit("/")
    for path in PAGES:
        page.goto(served.url + path)
        for width in widths:
            page.set_viewport_size({"width": width, "height": 800})
            yield path, width, page
    # A browser says of a page that is not there, and of nothing else, that it is not there.
    missing = [text for text in served.complaints if "404 (NOT FOUND)" in text]
    assert len(missing) == 1
    served.complaints.remove(missing[0])
