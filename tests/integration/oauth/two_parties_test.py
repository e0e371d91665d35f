"""SECURITY.md, OAuth 1 and 3: a sign-in shared by an attacker and a victim yields no token."""

import pytest
import requests

from tests.support.fake_github import FakeGitHub
from tests.support.oauth_walk import Browser, OAuthWalk, query_of
from tests.support.oauth_world import OAuthWorld
from tests.support.pages import read_page


@pytest.fixture
def attacker(world: OAuthWorld) -> OAuthWalk:
    made = world.walk("dev1", redirect_uri="https://evil.example/cb")
    made.register(client_name="Friendly")
    return made


@pytest.fixture
def victim(world: OAuthWorld) -> OAuthWalk:
    made = world.walk("octocat")
    made.register()
    return made


def test_an_attacker_consents_and_the_victim_who_opens_the_github_url_gives_nothing_away(
    world: OAuthWorld, attacker: OAuthWalk, victim: OAuthWalk
):
    to_github = attacker.to_github(attacker.consent(attacker.authorize()))
    back = victim.browser.get(to_github).headers["Location"]
    refused(world, victim.browser.get(back))


def test_a_victim_in_the_middle_of_a_sign_in_gives_nothing_away_either(
    world: OAuthWorld, attacker: OAuthWalk, victim: OAuthWalk
):
    to_github = attacker.to_github(attacker.consent(attacker.authorize()))
    own = victim.to_github(victim.consent(victim.authorize()))
    back = victim.browser.get(to_github).headers["Location"]
    refused(world, victim.browser.get(back))
    assert victim.code(victim.callback(victim.browser.get(own).headers["Location"]))


def test_over_http_an_attacker_who_knows_the_victims_cookie_gets_no_code_without_a_click(
    world: OAuthWorld, attacker: OAuthWalk, victim: OAuthWalk
):
    """A browser sends it to every port of a host: an environment there reads and plants it."""
    victim.authorize()
    attacker.browser.cookies.update(victim.browser.cookies)
    to_github = attacker.to_github(attacker.consent(attacker.authorize()))
    back = victim.browser.get(to_github).headers["Location"]

    page = victim.last_page(back)

    assert page.status_code == 200
    assert "Location" not in page.headers
    told = read_page(page.text).text
    assert "Continue as octocat in team Blue to Friendly at evil.example?" in told
    known = {"transaction": query_of(page.url)["transaction"], "team": "blue"}
    for path in ("/auth/team", "/consent"):  # even with the page's address: it holds more than that
        refused(world, attacker.browser.post(f"{world.url}{path}", data=known))
    denied(attacker, victim.browser.submit(page, decision="deny"))


def test_an_attackers_state_does_nothing_in_the_victims_browser(
    world: OAuthWorld, attacker: OAuthWalk, victim: OAuthWalk
):
    """The victim would be signed in as the attacker, and work in the attacker's sight."""
    attackers = attacker.github(attacker.consent(attacker.authorize()))
    victim.to_github(victim.consent(victim.authorize()))
    refused(world, victim.browser.get(attackers))


def test_an_attackers_code_of_github_does_nothing_under_the_victims_state(
    world: OAuthWorld, attacker: OAuthWalk, victim: OAuthWalk
):
    attackers = query_of(attacker.github(attacker.consent(attacker.authorize())))
    state = query_of(victim.to_github(victim.consent(victim.authorize())))["state"]
    answer = victim.browser.get(
        f"{world.url}/auth/callback", params={"code": attackers["code"], "state": state}
    )
    assert "code" not in query_of(answer.headers.get("Location", ""))
    assert answer.status_code in {400, 502}


def test_an_attackers_state_with_an_error_does_nothing_in_the_victims_browser(
    world: OAuthWorld, attacker: OAuthWalk, victim: OAuthWalk
):
    state = query_of(attacker.to_github(attacker.consent(attacker.authorize())))["state"]
    victim.to_github(victim.consent(victim.authorize()))
    for error in ("access_denied", "server_error", '"><script>'):
        answer = victim.browser.get(
            f"{world.url}/auth/callback", params={"error": error, "state": state}
        )
        refused(world, answer)
        assert "<script>" not in answer.text


def test_the_victims_own_state_is_not_spent_by_forged_answers(world: OAuthWorld, victim: OAuthWalk):
    own = victim.to_github(victim.consent(victim.authorize()))
    for query in ("error=access_denied", "error=access_denied&state=x", "code=x&state=x", ""):
        refused(world, victim.browser.get(f"{world.url}/auth/callback?{query}"))
    assert victim.code(victim.callback(victim.browser.get(own).headers["Location"]))


def test_an_answer_of_github_counts_once(world: OAuthWorld, victim: OAuthWalk):
    back = victim.github(victim.consent(victim.authorize()))
    assert victim.code(victim.callback(back))
    refused(world, victim.browser.get(back))


def test_a_victim_cannot_be_led_past_the_consent_page(world: OAuthWorld, attacker: OAuthWalk):
    """The attacker has consented in his own browser; the victim's must ask again."""
    page = attacker.authorize()
    attacker.consent(page)
    victims = Browser("octocat")
    answer = victims.get(f"{world.url}/authorize", params=attacker.asked)
    assert answer.status_code == 200
    assert "Friendly" in answer.text


def test_who_cancels_is_sent_back_to_the_client_with_that_and_nothing_else(victim: OAuthWalk):
    denied(victim, victim.consent(victim.authorize(), "deny"))


def test_who_denies_at_github_is_sent_back_to_the_client_with_that(
    github: FakeGitHub, victim: OAuthWalk
):
    github.denies = True
    denied(victim, victim.callback(victim.github(victim.consent(victim.authorize()))))


def test_a_sign_in_that_was_cancelled_is_over(world: OAuthWorld, victim: OAuthWalk):
    page = victim.authorize()
    victim.consent(page, "deny")
    answer = victim.browser.submit(page, decision="allow")
    refused(world, answer)


def denied(walk: OAuthWalk, answer: requests.Response) -> None:
    assert answer.is_redirect
    assert answer.headers["Location"].startswith(f"{walk.redirect_uri}?")
    told = query_of(answer.headers["Location"])
    assert told.pop("error") == "access_denied"
    told.pop("error_description", "")
    assert told == {"state": walk.state, "iss": walk.url}
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def refused(world: OAuthWorld, answer: requests.Response) -> None:
    assert answer.status_code == 400, answer.text
    assert "Location" not in answer.headers
