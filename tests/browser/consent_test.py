"""SECURITY.md, OAuth: the consent walk in real Chromium, whose policies span whole redirects."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.support.consent_world import ConsentWorld, Serving, hidden

FOREIGN = "http://evil.example/"


def test_a_person_allows_and_github_approves_at_once(world: ConsentWorld):
    """One form and six redirects over three origins: `form-action` is checked at each."""
    page = world.ask()
    expect(page.locator("main")).to_contain_text("A test client")
    page.get_by_role("button", name="Allow").click()
    go_on(world, page)
    signed_in(world, page)


def test_a_person_allows_and_answers_github(world: ConsentWorld):
    world.github.asks = True
    page = world.ask()
    page.get_by_role("button", name="Allow").click()
    page.get_by_role("button", name="Authorize").click()
    go_on(world, page)
    signed_in(world, page)


def test_over_http_a_person_may_say_no_after_github(plain: ConsentWorld):
    page = plain.ask()
    page.get_by_role("button", name="Allow").click()
    page.locator("form[action='/auth/team']").get_by_role("button", name="Deny").click()
    expect(page.locator("h1")).to_have_text("You may close this window.")
    assert plain.told[0]["error"] == "access_denied"


def test_a_person_denies(world: ConsentWorld):
    page = world.ask()
    page.get_by_role("button", name="Deny").click()
    expect(page.locator("h1")).to_have_text("You may close this window.")
    (told,) = world.told
    assert told["error"] == "access_denied"
    assert "code" not in told


def test_a_person_cancels_at_github(world: ConsentWorld):
    world.github.asks = True
    page = world.ask()
    page.get_by_role("button", name="Allow").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("h1")).to_have_text("You may close this window.")
    assert world.told[0]["error"] == "access_denied"


def test_a_login_in_two_teams_chooses(world: ConsentWorld):
    world.github.person = "dev1"
    page = world.ask()
    page.get_by_role("button", name="Allow").click()
    expect(page.locator("main")).to_contain_text("Blue")
    page.get_by_role("button", name="Red").click()
    token = signed_in(world, page)
    verifiers = world.server.services.verifiers
    (actor,) = filter(None, (each.verify(token, "/mcp") for each in verifiers))
    assert (actor.team, actor.subject) == ("red", "dev1")


def test_who_is_not_listed_reads_access_denied(plain: ConsentWorld):
    plain.github.people["mallory"] = 666
    plain.github.person = "mallory"
    page = plain.ask()
    page.get_by_role("button", name="Allow").click()
    expect(page.locator("main")).to_contain_text("Access Denied")
    assert plain.told == []


def test_the_consent_page_is_not_framed(plain: ConsentWorld):
    page = plain.page()
    url = plain.authorize_url().replace("&", "&amp;")
    html = f'<iframe src="{url}"></iframe>'
    page.route(FOREIGN, lambda route: route.fulfill(body=html, content_type="text/html"))
    page.goto(FOREIGN)
    page.wait_for_timeout(300)
    assert page.frames[1].url.startswith("chrome-error:")


def test_a_foreign_page_cannot_consent_for_a_person(plain: ConsentWorld):
    page = plain.ask()
    fields = hidden(page).items()
    form = "".join(f'<input name="{name}" value="{value}">' for name, value in fields)
    html = (
        f'<form method="post" action="{plain.server.url}/consent">{form}'
        '<button name="decision" value="allow">Win</button></form>'
    )
    page.route(FOREIGN, lambda route: route.fulfill(body=html, content_type="text/html"))
    page.goto(FOREIGN)
    page.get_by_role("button", name="Win").click()
    page.wait_for_load_state()
    assert page.url == f"{plain.server.url}/consent"
    assert plain.github.seen == {}
    assert plain.told == []


def test_a_clients_name_runs_nothing(plain: ConsentWorld):
    plain.walk.register(client_name='<script>document.title="caught"</script><b>Bold</b>')
    page = plain.ask()
    expect(page.locator("main")).to_contain_text("<b>Bold</b>")
    assert page.title() != "caught"
    assert plain.complaints == []


def test_going_back_asks_again_and_the_old_answer_is_told_as_over(plain: ConsentWorld):
    page = plain.ask()
    old = hidden(page)
    page.get_by_role("button", name="Allow").click()
    go_on(plain, page)
    signed_in(plain, page)
    page.go_back()  # to the page that asks to go on
    page.go_back()
    assert hidden(page)["transaction"] != old["transaction"]
    for name, value in old.items():
        page.locator(f"input[name={name}]").evaluate("(field, it) => { field.value = it }", value)
    page.get_by_role("button", name="Allow").click()
    expect(page.locator("main")).to_contain_text("This sign-in is over")
    assert len(plain.told) == 1


def test_the_keyboard_alone_is_enough(plain: ConsentWorld):
    page = plain.ask()
    page.get_by_role("button", name="Allow").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Continue").focus()
    page.keyboard.press("Enter")
    signed_in(plain, page)


def go_on(world: ConsentWorld, page: Page) -> None:
    """Press the button of the page that plain http asks for."""
    if world.server.scheme == "http":
        expect(page.locator("main")).to_contain_text("Continue as octocat in team Blue")
        page.get_by_role("button", name="Continue").click()


def signed_in(world: ConsentWorld, page: Page) -> str:
    """Be back at the client, and trade the code for a token."""
    expect(page.locator("h1")).to_have_text("You may close this window.")
    told = world.told[-1]
    assert set(told) == {"code", "state", "iss"}
    assert told["iss"] == world.server.url
    assert told["state"] == world.walk.state
    answer = world.walk.redeem(told["code"])
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


@pytest.fixture(
    params=[("http", True), ("http", False), ("https", True), ("https", False)],
    ids=["http", "http-scriptless", "https", "https-scriptless"],
)
def world(request: pytest.FixtureRequest, serving: Serving) -> Iterator[ConsentWorld]:
    """Both schemes, with and without scripts; no browser may have had anything to complain of."""
    scheme, scripts = request.param
    with serving(scheme).anew(scripts=scripts) as made:
        yield made
        assert made.complaints == []
