"""SECURITY.md, OAuth: the consent walk in real Chromium, whose policies span whole redirects."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import Chromium
from tests.support.consent_world import ConsentWorld, consent_world
from tests.support.oauth_world import BLUE, RED

FOREIGN = "http://evil.example/"


@pytest.fixture(
    params=[("http", True), ("http", False), ("https", True), ("https", False)],
    ids=["http", "http-scriptless", "https", "https-scriptless"],
)
def world(
    request: pytest.FixtureRequest, running: Chromium, tmp_path: Path
) -> Iterator[ConsentWorld]:
    scheme, scripts = request.param
    with consent_world(running, tmp_path, BLUE, scheme=scheme, scripts=scripts) as made:
        yield made
        assert made.complaints == []


@pytest.fixture
def plain(running: Chromium, tmp_path: Path) -> Iterator[ConsentWorld]:
    with consent_world(running, tmp_path, BLUE + RED) as made:
        yield made


def test_a_person_allows_and_github_approves_at_once(world: ConsentWorld):
    """One form and six redirects over three origins: `form-action` is checked at each."""
    page = world.ask()
    expect(page.locator("main")).to_contain_text("A test client")
    page.get_by_role("button", name="Allow").click()
    signed_in(world, page)


def test_a_person_allows_and_answers_github(world: ConsentWorld):
    world.github.asks = True
    page = world.ask()
    page.get_by_role("button", name="Allow").click()
    page.get_by_role("button", name="Authorize").click()
    signed_in(world, page)


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


@pytest.mark.parametrize(
    ("scheme", "scripts"), [("http", True), ("http", False), ("https", True), ("https", False)]
)
def test_a_login_in_two_teams_chooses(running: Chromium, tmp_path: Path, scheme, scripts):
    with consent_world(running, tmp_path, BLUE + RED, scheme=scheme, scripts=scripts) as world:
        world.github.person = "dev1"
        page = world.ask()
        page.get_by_role("button", name="Allow").click()
        expect(page.locator("main")).to_contain_text("Blue")
        choose(page, "Red")
        token = signed_in(world, page)
        (actor,) = filter(None, (each.verify(token, "/mcp") for each in verifiers(world)))
        assert (actor.team, actor.subject) == ("red", "dev1")
        assert world.complaints == []


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
    fields = {
        name: page.locator(f"input[name={name}]").get_attribute("value")
        for name in ("csrf", "transaction")
    }
    form = "".join(f'<input name="{name}" value="{value}">' for name, value in fields.items())
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


def test_going_back_and_allowing_again_is_told_as_over(plain: ConsentWorld):
    page = plain.ask()
    page.get_by_role("button", name="Allow").click()
    signed_in(plain, page)
    for _ in range(2):
        page.go_back()
        if page.get_by_role("button", name="Allow").is_visible():
            page.get_by_role("button", name="Allow").click()
            page.wait_for_load_state()
            break
    assert len(plain.told) == 1


def test_the_keyboard_alone_is_enough(plain: ConsentWorld):
    page = plain.ask()
    page.get_by_role("button", name="Allow").focus()
    page.keyboard.press("Enter")
    signed_in(plain, page)


def choose(page: Page, team: str) -> None:
    """Choose a team, be it a button or a radio button beside one."""
    button = page.get_by_role("button", name=team)
    if button.count():
        button.click()
        return
    page.get_by_label(team).check()
    page.locator("form button").click()


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


def verifiers(world: ConsentWorld):
    return world.server.services.verifiers
