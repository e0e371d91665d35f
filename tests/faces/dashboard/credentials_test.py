"""The page of git credentials: masked, without scripts, and no value ever comes back."""

import pytest

from oduflow.domain.credential import CredentialState
from oduflow.domain.errors import Invalid
from tests.support.dashboard_world import BLUE, make_dashboard, post, show
from tests.support.pages import read_page

TOKEN = "ghp_A1b2C3d4E5f6G7h8I9j0"
URL = f"https://me:{TOKEN}@github.com/acme/addons.git"
FIELDS = {"repository": "https://github.com/acme/addons.git", "user": "me", "token": TOKEN}
NAMED = {"host": "github.com", "username": "me", "path": "/"}


@pytest.fixture
def dashboard():
    return make_dashboard()


def test_a_credential_is_listed_masked_with_its_state_and_its_end(dashboard):
    world, ledger = dashboard
    ledger.credentials.add(
        state=CredentialState.VALID,
        expires_at="2099-12-01T10:00:00.000Z",
        expires_soon=True,
        login="octocat",
        scopes=("repo", "read:org"),
        proven=True,
    )
    row = show(world, "/credentials").one("tbody").text
    for word in ("github.com", "me", "ghp_****", "Valid", "2099-12-01", "soon", "octocat"):
        assert word in row
    assert "repo, read:org" in row


def test_only_what_ends_soon_is_flagged(dashboard):
    world, ledger = dashboard
    ledger.credentials.add(expires_at="2099-12-01T10:00:00.000Z")
    assert "soon" not in show(world, "/credentials").one("tbody").text


def test_the_page_is_in_the_bar(dashboard):
    world, _ = dashboard
    assert show(world, "/").one("a", href="/credentials").text == "Credentials"


def test_repository_user_and_token_are_fields_and_become_the_url(dashboard):
    world, ledger = dashboard
    page = show(world, "/new/credential")
    field = page.one("input", name="token")
    assert (field["type"], field.get("value"), field["autocomplete"]) == ("password", None, "off")
    assert page.all("input", name="repo_url") == []

    answer = post(world, "/credentials", **FIELDS)

    assert (answer.status_code, answer.headers["Location"]) == (303, "/credentials")
    assert ledger.credentials.handed_in == [URL]


@pytest.mark.parametrize(
    ("repository", "user", "token", "url"),
    [
        ("https://github.com/a/b", "", "t", "https://x-access-token:t@github.com/a/b"),
        ("https://bitbucket.org/a/b", "", "t", "https://x-token-auth:t@bitbucket.org/a/b"),
        ("https://git.lan:8443/a/b", "", "t", "https://oauth2:t@git.lan:8443/a/b"),
        ("https://me@git.lan/a/b", "", "t", "https://me:t@git.lan/a/b"),
        ("git@github.com:a/b.git", "", "t", "https://x-access-token:t@github.com/a/b.git"),
        ("ssh://git@git.lan/a/b", "me", "t", "https://me:t@git.lan/a/b"),
        (
            "https://git.lan/a/b",
            "a@b.c",
            "p:/%@ ü",
            "https://a%40b.c:p%3A%2F%25%40%20%C3%BC@git.lan/a/b",
        ),
    ],
)
def test_a_token_need_not_be_encoded_by_hand(dashboard, repository, user, token, url):
    world, ledger = dashboard
    post(world, "/credentials", repository=repository, user=user, token=token)
    assert ledger.credentials.handed_in == [url]


@pytest.mark.parametrize(
    ("sent", "field", "problem"),
    [
        ({"token": " "}, "token", "This is required."),
        ({"repository": ""}, "repository", "This is required."),
        ({"repository": "github.com/a/b"}, "repository", "Write it as https://"),
        ({"repository": URL}, "repository", "into their own fields"),
        ({"repository": "ssh://git@git.lan:2222/a/b"}, "repository", "port 2222 of git.lan"),
    ],
)
def test_a_form_that_makes_no_url_says_which_field(dashboard, sent, field, problem):
    world, ledger = dashboard
    answer = post(world, "/credentials", **FIELDS | sent)
    page = read_page(answer.text)
    assert answer.status_code == 422
    assert problem in page.one("p", id=f"p-{field}").text
    assert TOKEN not in answer.text
    assert ledger.credentials.handed_in == []


@pytest.mark.parametrize(
    "wrong", [{}, {"path": "x" * 600}, {"repository": "https://h/" + "x" * 2000}]
)
def test_a_refused_form_comes_back_without_the_credential(dashboard, wrong):
    world, ledger = dashboard
    ledger.credentials.failure = Invalid("github.com refused me:ghp_****. Nothing was saved.")

    answer = post(world, "/credentials", **FIELDS | {"keep_unverified": "true"} | wrong)

    assert answer.status_code == 422
    assert TOKEN not in answer.text
    assert "checked" in answer.text
    if "repository" in wrong:
        assert read_page(answer.text).one("p", id="p-repository").text


def test_an_address_never_fills_the_form_in(dashboard):
    world, _ = dashboard
    query = {"token": TOKEN, "repository": URL, "repo_url": URL}
    answer = world.client().get("/new/credential", query_string=query, headers=BLUE)
    assert TOKEN not in answer.text


def test_a_url_with_a_token_in_another_form_comes_back_hidden(dashboard):
    world, _ = dashboard
    answer = post(world, "/environments", name="", repo_url=URL)
    assert answer.status_code == 422
    assert TOKEN not in answer.text
    assert "https://****@github.com/acme/addons.git" in answer.text


def test_a_credential_is_validated_and_the_list_shows_what_was_said(dashboard):
    world, ledger = dashboard
    ledger.credentials.add()
    assert post(world, "/credentials/validate", **NAMED).status_code == 303
    assert "Valid" in show(world, "/credentials").one("tbody").text


def test_a_credential_is_deleted_after_a_question(dashboard):
    world, ledger = dashboard
    ledger.credentials.add()
    link = show(world, "/credentials").one("tbody").one("a")["href"]
    page = show(world, link)
    sent = {found["name"]: found["value"] for found in page.all("input", type="hidden")}
    assert sent == NAMED

    where = post(world, "/credentials/delete", **sent).headers["Location"]
    assert ledger.credentials.views == []
    assert "Credential deleted." in show(world, where).text


def test_what_is_not_there_cannot_be_deleted(dashboard):
    world, _ = dashboard
    answer = world.client().get("/credentials/delete", query_string=NAMED, headers=BLUE)
    assert answer.status_code == 404
