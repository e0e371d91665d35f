"""SECURITY.md, OAuth 1 and 2: the page that asks, and who may answer it."""

from pathlib import Path

import pytest

from oduflow.domain.client_documents import ClientDocument
from tests.support.fake_github import CLIENT_ID
from tests.support.oauth_walk import OAuthWalk, hidden_fields, query_of
from tests.support.oauth_world import BLUE, RED, OAuthWorld, unserved_world
from tests.support.pages import read_page

WEB = "https://app.example:8443/cb"
HOSTILE = '<script>document.title="caught"</script><img src=x onerror=alert(1)>'


def test_the_consent_page_names_the_client_its_redirect_and_the_team(walk: OAuthWalk):
    page = read_page(walk.authorize().text).text
    assert "A test client" in page
    assert "127.0.0.1:7" in page
    assert "Blue" in page


@pytest.mark.parametrize(
    ("teams", "named"),
    [(BLUE + RED, False), (BLUE + RED.replace('["dev1", "admin2"]', "[]"), True)],
    ids=["several", "one of two"],
)
def test_the_consent_page_names_the_only_team_or_when_one_is_chosen(
    tmp_path: Path, teams: str, named
):
    with unserved_world(tmp_path, teams) as world:
        walk = world.walk_in_process()
        walk.register()
        page = read_page(walk.authorize().text).text
    assert ("Blue" in page) is named
    assert ("if you are in several, you choose one" in page) is not named


def test_html_in_a_clients_name_is_inert(walk: OAuthWalk):
    walk.register(client_name=HOSTILE)
    answer = walk.authorize()
    assert "<script>document" not in answer.text
    assert "<img src=x" not in answer.text
    assert "alert(1)" in read_page(answer.text).text
    assert "unsafe" not in answer.headers["Content-Security-Policy"]


def test_framing_is_refused(walk: OAuthWalk):
    headers = walk.authorize().headers
    assert headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize(
    ("uri", "origin", "warned"),
    [
        (WEB, "https://app.example:8443", False),
        ("http://127.0.0.1:7/callback", "http://127.0.0.1:7", True),
        ("cursor://anysphere.cursor-mcp/cb", "cursor:", True),
    ],
)
def test_its_policy_names_this_redirect_and_a_local_one_carries_a_warning(
    walk: OAuthWalk, uri: str, origin: str, warned
):
    walk.redirect_uri = uri
    walk.register()
    answer = walk.authorize()
    policy = answer.headers["Content-Security-Policy"]
    (form_action,) = [part for part in policy.split(";") if part.strip().startswith("form-action")]
    assert sorted(form_action.split()[1:]) == sorted(["'self'", "http://127.0.0.1:9", origin])
    assert ("on your own computer" in answer.text) is warned


def test_a_client_that_describes_itself_is_shown_by_its_host(world: OAuthWorld):
    walk = world.walk_in_process()
    client_id = "https://vendor.example/client.json"
    world.documents.known[client_id] = ClientDocument(client_id, "Trusty", (walk.redirect_uri,))
    walk.client = {"client_id": client_id}
    page = read_page(walk.authorize().text).text
    assert "Trusty" in page
    assert "vendor.example" in page


def test_consent_is_asked_for_every_time(walk: OAuthWalk):
    first = walk.authorize()
    walk.consent(first)
    again = walk.authorize()
    assert again.status_code == 200
    assert hidden_fields(read_page(again.text).one("form")) != hidden_fields(
        read_page(first.text).one("form")
    )


def test_even_the_configured_client_must_ask(world: OAuthWorld):
    walk = world.walk_in_process()
    walk.client = {"client_id": CLIENT_ID}
    answer = walk.authorize(redirect_uri="https://claude.ai/api/mcp/auth_callback")
    assert answer.status_code == 200
    assert "claude.ai" in read_page(answer.text).text


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:9"},
    ],
    ids=str,
)
def test_consent_posted_from_another_site_is_refused(walk: OAuthWalk, headers):
    form = hidden_fields(read_page(walk.authorize().text).one("form"))
    answer = walk.browser.post(
        f"{walk.url}/consent", data={**form, "decision": "allow"}, headers=headers
    )
    assert answer.status_code in {400, 403}
    assert "Location" not in answer.headers


@pytest.mark.parametrize("csrf", ["", "wrong", "\u00e9"])
def test_consent_without_the_token_of_our_page_is_refused(walk: OAuthWalk, csrf: str):
    page = walk.authorize()
    answer = walk.browser.submit(page, csrf=csrf, decision="allow")
    assert answer.status_code == 400
    assert "Location" not in answer.headers


def test_consent_in_a_browser_that_did_not_ask_is_refused(world: OAuthWorld, walk: OAuthWalk):
    page = walk.authorize()
    other = world.walk_in_process()
    other.client = walk.client
    other.authorize()
    answer = other.browser.submit(page, decision="allow")
    assert answer.status_code == 400
    assert "Location" not in answer.headers


@pytest.mark.parametrize("decision", ["", "maybe", "ALLOW"])
def test_every_consent_answer_but_yes_is_a_refusal(walk: OAuthWalk, decision: str):
    answer = walk.consent(walk.authorize(), decision)
    assert query_of(answer.headers["Location"])["error"] == "access_denied"
    assert answer.headers["Location"].startswith(walk.redirect_uri)


def test_a_consent_is_given_once(walk: OAuthWalk):
    page = walk.authorize()
    assert walk.consent(page).is_redirect
    for decision in ("allow", "deny"):
        again = walk.browser.submit(page, decision=decision)
        assert again.status_code == 400
        assert "Location" not in again.headers


@pytest.mark.parametrize(
    "path",
    [
        "/auth/login",
        "/auth/login?transaction=x",
        "/auth/callback",
        "/auth/callback?code=x",
        "/auth/callback?code=x&state=y",
        "/auth/callback?error=access_denied",
        "/auth/callback?error=access_denied&state=y",
        "/auth/callback?error=access_denied&state=",
        "/auth/team",
    ],
)
def test_a_bare_step_of_a_sign_in_leads_nowhere(walk: OAuthWalk, path: str):
    walk.authorize()
    for session in (walk.browser, walk.http):
        answer = session.get(walk.url + path)
        assert answer.status_code == 400
        assert "Location" not in answer.headers


def test_github_is_asked_only_after_consent(walk: OAuthWalk):
    form = hidden_fields(read_page(walk.authorize().text).one("form"))
    answer = walk.browser.get(f"{walk.url}/auth/login", params=form)
    assert answer.status_code == 400
    assert "Location" not in answer.headers


def test_the_cookie_of_a_sign_in_is_no_scripts_and_no_other_sites(walk: OAuthWalk):
    cookie = walk.authorize().headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
