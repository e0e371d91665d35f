import threading
from urllib.parse import urlsplit

import pytest
from flask import g

from oduflow.blueprints.oauth.github_sign_in import github
from oduflow.domain.oauth import TokenKind, hash_of
from oduflow.settings import parse
from tests.support.fakes import BASE_URL
from tests.support.scripted_github import BLUE, RED, SERVER, query_of, sign_in


def test_github_is_asked_for_no_scope_and_back_to_the_configured_address(walk):
    asked = walk.to_github()

    assert "scope" not in asked
    assert asked["redirect_uri"] == f"{BASE_URL}/auth/callback"
    assert asked["code_challenge_method"] == "S256"


def test_what_the_client_says_of_the_host_does_not_matter(walk):
    consented = walk.submit(walk.authorize(), "/consent", decision="allow")
    # Another host is another site to a browser, but this client takes its cookie there too.
    cookie = walk.browser.get_cookie("oduflow-sign-in")
    walk.browser.set_cookie("oduflow-sign-in", cookie.value, domain="127.0.0.1")
    answer = walk.browser.get(
        consented.location,
        base_url="http://127.0.0.1:8000",
        headers={"X-Forwarded-Host": "evil.example"},
    )

    assert answer.status_code == 303
    assert query_of(answer.location)["redirect_uri"] == f"{BASE_URL}/auth/callback"


def test_the_token_is_asked_with_secret_and_verifier_in_the_body(walk):
    asked = walk.to_github()
    walk.back(asked["state"])
    method, url, _, form = walk.github.asked[0]

    assert (method, url) == ("POST", "http://127.0.0.1:9/login/oauth/access_token")
    assert form["client_secret"] == "app-secret-0123456789"
    assert form["redirect_uri"] == f"{BASE_URL}/auth/callback"
    assert s256(form["code_verifier"]) == asked["code_challenge"]


def test_the_person_is_asked_for_where_the_configuration_says(walk):
    walk.back(walk.to_github()["state"])
    method, url, headers, _ = walk.github.asked[1]

    assert (method, url) == ("GET", "http://127.0.0.1:9/api/v3/user")
    assert headers["Authorization"] == "Bearer gho_secret"


def test_githubs_token_is_kept_nowhere(walk):
    state = walk.to_github()["state"]
    on_the_way = {cookie.key for cookie in walk.browser._cookies.values()}
    walk.back(state)

    store = walk.world.oauth.store.path
    kept = b"".join(path.read_bytes() for path in store.parent.glob(f"{store.name}*"))
    assert hash_of(walk.browser.get_cookie("oduflow-sign-in").value).encode() in kept
    assert b"gho_secret" not in kept
    assert on_the_way == {cookie.key for cookie in walk.browser._cookies.values()}
    assert on_the_way == {"oduflow-sign-in"}, "no library's session, which would hold it"


def test_an_answer_of_github_counts_once(walk):
    state = walk.to_github()["state"]

    assert walk.back(state).status_code == 303
    again = walk.back(state)

    assert (again.status_code, again.location) == (400, None)


@pytest.mark.parametrize("place", ["/access_token", "/user"])
def test_an_answer_of_github_that_leads_elsewhere_is_not_followed(walk, place):
    state, walk.github.moved = walk.to_github()["state"], place

    answer = walk.back(state)

    assert (answer.status_code, answer.location) == (502, None)
    assert {urlsplit(url).netloc for _, url, *_ in walk.github.asked} == {"127.0.0.1:9"}


@pytest.mark.parametrize("number", [None, "583231", 1.5])
def test_a_github_login_without_a_number_is_refused(walk, number):
    walk.github.number = number

    answer = walk.back(walk.to_github()["state"])

    assert (answer.status_code, answer.location) == (502, None)


def test_an_answer_in_another_browser_leads_nowhere(walk):
    state = walk.to_github()["state"]
    thief = walk.world.client()

    for given in ({"code": "x"}, {"error": "access_denied"}):
        answer = thief.get("/auth/callback", query_string={"state": state, **given})
        assert (answer.status_code, answer.location) == (400, None)

    assert "code" in query_of(walk.go_on(walk.back(state)).location)


@pytest.mark.parametrize(
    "query",
    ["", "code=x", "error=x", "state=x&code=y", "state=x&state=x&code=y", "state=x&error=y"],
)
@pytest.mark.parametrize("path", ["/auth/callback", "/auth/login", "/auth/team"])
def test_a_bare_address_leads_nowhere(walk, path, query):
    walk.to_github()

    answer = walk.browser.get(f"{path}?{query}")

    assert (answer.status_code, answer.location) == (400, None)


def test_githubs_no_is_told_to_the_client(walk):
    answer = walk.back(walk.to_github()["state"], error="access_denied")

    assert query_of(answer.location) == {
        "error": "access_denied",
        "state": "of-the-client",
        "iss": BASE_URL,
    }
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_every_request_has_a_session_of_its_own(walk):
    seen: list[int] = []

    def look() -> None:
        with walk.world.app.test_request_context("/", base_url=BASE_URL):
            assert github.session is github.session
            seen.append(id(github.session))
            seen.append(id(g.github_session))
            kept.append(github.session)

    kept: list[object] = []
    threads = [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(seen)) == 2


def test_the_first_sign_in_binds_the_login_and_another_account_is_denied(walk):
    walk.code()
    walk.github.number = 666

    answer = walk.go_on(walk.back(walk.to_github()["state"]))

    assert (answer.status_code, answer.location) == (403, None)
    assert "Access Denied" in answer.text
    assert "forget_github_login octocat" in answer.text


def test_who_is_not_listed_is_denied_and_remembered(walk):
    walk.github.login = "mallory"

    answer = walk.back(walk.to_github()["state"])

    assert (answer.status_code, answer.location) == (403, None)
    assert "Access Denied" in answer.text
    (row,) = walk.world.audit.rows
    assert (row.operation, str(row.outcome)) == ("sign_in", "forbidden")
    assert (row.actor.subject, row.actor.subject_id) == ("mallory", "583231")


def test_who_signs_in_is_remembered(walk):
    walk.code()

    (row,) = walk.world.audit.rows
    assert (row.operation, row.outcome, row.face) == ("sign_in", "ok", "oauth")
    assert (row.actor.team, str(row.actor)) == ("1", "octocat")
    assert row.fields == {"client": walk.client, "resource": f"{BASE_URL}/mcp"}


def test_a_no_is_remembered(walk):
    answer = walk.submit(walk.authorize(), "/consent", decision="deny")

    assert query_of(answer.location)["error"] == "access_denied"
    (told,) = walk.world.audit.strangers
    assert (told.operation, told.outcome) == ("sign_in", "cancelled")


def test_over_http_a_person_goes_on_by_a_click_also_where_there_is_one_team(walk):
    back = walk.back(walk.to_github()["state"])

    assert back.location.startswith("/auth/team?transaction=")
    page = walk.browser.get(back.location)
    assert "Continue as <b>octocat</b> in team <b>Blue</b>" in page.text
    assert "at <b>127.0.0.1:7</b>?" in page.text
    assert walk.submit(page, "/auth/team", team="1", csrf="wrong").status_code == 400
    assert "code" in query_of(walk.submit(page, "/auth/team", team="1").location)


def test_over_https_the_cookie_is_ours_alone_and_one_team_needs_no_click():
    walk = sign_in(BLUE, https=True)

    assert "code" in query_of(walk.back(walk.to_github()["state"]).location)


def test_who_says_no_on_the_last_page_is_sent_back_with_that(walk):
    page = walk.browser.get(walk.back(walk.to_github()["state"]).location)

    answer = walk.submit(page, "/auth/team", decision="deny", team="1")

    assert query_of(answer.location)["error"] == "access_denied"
    assert "code" not in query_of(answer.location)
    assert walk.submit(page, "/auth/team", team="1").status_code == 400
    (row,) = walk.world.audit.rows
    assert (row.operation, row.outcome) == ("sign_in", "cancelled")


def test_a_login_in_two_teams_chooses():
    walk = sign_in(BLUE + RED)
    walk.github.login = "dev1"
    chooser = walk.browser.get(walk.back(walk.to_github()["state"]).location)

    assert chooser.headers["Content-Security-Policy"].endswith(
        "form-action 'self' http://127.0.0.1:7"
    )
    assert walk.submit(chooser, "/auth/team", team="3").status_code == 400
    assert walk.submit(chooser, "/auth/team", team="2", csrf="wrong").status_code == 400
    code = query_of(walk.submit(chooser, "/auth/team", team="2").location)["code"]

    access = walk.redeem(code).json["access_token"]
    found = walk.world.oauth.tokens.find(hash_of(access), TokenKind.ACCESS)
    assert found is not None
    assert (found.binding.team, found.binding.login.name) == ("2", "dev1")


def test_the_configuration_is_read_anew_each_time(walk):
    walk.world.app  # noqa: B018 - made with the first configuration
    object.__setattr__(
        walk.world.context, "configured", parse(SERVER.replace("Iv-app", "Iv-other") + BLUE)
    )

    assert walk.to_github()["client_id"] == "Iv-other"


def s256(verifier: str) -> str:
    import base64  # noqa: PLC0415
    import hashlib  # noqa: PLC0415

    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@pytest.fixture
def walk():
    return sign_in()
