"""What a browser's remembered password and other people's text cannot be used for."""

import pytest
from playwright.sync_api import Page, Route, expect

from tests.support.browser import Served

FOREIGN = "http://evil.example/"
HOSTILE = '<div hx-get="/x" hx-trigger="load">a</div><script>document.title="caught"</script>'


def test_text_of_others_asks_for_nothing_and_runs_nothing(served: Served):
    served.ledger.add("demo", branch=HOSTILE, created_by=HOSTILE, template=HOSTILE)
    served.ledger.logs["demo"] = HOSTILE
    page = served.visit("/")
    for path in ("/", "/environments/demo", "/environments/demo/delete"):
        page.goto(served.url + path)
        expect(page.locator("main")).to_contain_text('<div hx-get="/x"')
        page.wait_for_timeout(200)
        assert "caught" not in page.title()
    assert [url for url in served.asked if url.endswith("/x")] == []


def test_even_text_that_became_a_tag_would_do_nothing(served: Served):
    """The second wall: htmx passes over data areas, should escaping ever be forgotten."""
    served.ledger.add("demo")
    page = served.visit("/environments/demo")
    for area in ("#log .output", ".facts dd"):
        page.locator(area).first.evaluate(
            "(part, html) => { part.innerHTML = html; htmx.process(part); }", HOSTILE
        )
    page.wait_for_timeout(300)
    assert [url for url in served.asked if url.endswith("/x")] == []


def test_nothing_inline_runs(served: Served):
    page = served.visit("/")
    page.evaluate(
        "() => { const script = document.createElement('script');"
        " script.textContent = 'document.title = \"caught\"'; document.body.append(script); }"
    )
    assert "caught" not in page.title()
    assert "Content Security Policy" in served.complaints.pop()


@pytest.mark.parametrize("action", ["stop", "delete", "login", "rebuild"])
def test_a_foreign_page_cannot_use_the_remembered_password(served: Served, action: str):
    served.ledger.add("demo")
    page = served.visit("/")
    post_from_elsewhere(page, f"{served.url}/environments/demo/{action}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Forbidden")
    expect(page.locator("main")).to_contain_text("A page of another site asked for this.")
    assert served.ledger.environments["demo"].state == "running"
    assert served.world.job_rows.rows == {}
    assert "403 (FORBIDDEN)" in served.complaints.pop()


def test_a_page_is_not_framed_elsewhere(served: Served):
    page = served.visit("/")
    page.route(FOREIGN, lambda route: answer(route, f'<iframe src="{served.url}/"></iframe>'))
    page.goto(FOREIGN)
    page.wait_for_timeout(300)
    assert page.frames[1].url.startswith("chrome-error:")
    served.complaints.clear()


def test_an_unreachable_server_is_shown_until_it_answers(served: Served):
    served.ledger.add("demo", state="stopped", url=None)
    served.ledger.go.clear()
    page = served.visit("/environments/demo")
    page.get_by_role("button", name="Start demo").click()
    notice = page.get_by_text("Connection lost.")
    expect(notice).to_be_hidden()
    page.route("**/_/**", lambda route: route.abort())
    expect(notice).to_be_visible()
    page.unroute("**/_/**")
    expect(notice).to_be_hidden()
    served.complaints.clear()


def post_from_elsewhere(page: Page, target: str) -> None:
    form = f'<form method="post" action="{target}"><button>Win</button></form>'
    page.route(FOREIGN, lambda route: answer(route, form))
    page.goto(FOREIGN)
    page.get_by_role("button", name="Win").click()


def answer(route: Route, html: str) -> None:
    route.fulfill(body=html, content_type="text/html")
