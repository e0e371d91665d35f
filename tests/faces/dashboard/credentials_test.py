"""The page of git credentials: masked, without scripts, and no value ever comes back."""

import pytest

from oduflow.domain.credential import CredentialState
from oduflow.domain.errors import Invalid
from tests.support.dashboard_world import BLUE, make_dashboard, post, show

TOKEN = "ghp_A1b2C3d4E5f6G7h8I9j0"
URL = f"https://me:{TOKEN}@github.com/acme/addons.git"
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


def test_a_credential_is_handed_in_by_a_form_that_hides_it(dashboard):
    world, ledger = dashboard
    page = show(world, "/new/credential")
    field = page.one("input", name="repo_url")
    assert (field["type"], field.get("value"), field["autocomplete"]) == ("password", None, "off")

    answer = post(world, "/credentials", repo_url=URL)

    assert (answer.status_code, answer.headers["Location"]) == (303, "/credentials")
    assert ledger.credentials.handed_in == [URL]


@pytest.mark.parametrize("wrong", [{}, {"path": "x" * 600}])
def test_a_refused_form_comes_back_without_the_credential(dashboard, wrong):
    world, ledger = dashboard
    ledger.credentials.failure = Invalid("github.com refused me:ghp_****. Nothing was saved.")

    answer = post(world, "/credentials", repo_url=URL, keep_unverified="true", **wrong)

    assert answer.status_code == 422
    assert TOKEN not in answer.text
    assert "checked" in answer.text


def test_an_address_never_fills_the_form_in(dashboard):
    world, _ = dashboard
    answer = world.client().get("/new/credential", query_string={"repo_url": URL}, headers=BLUE)
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

    assert post(world, "/credentials/delete", **sent).status_code == 303
    assert ledger.credentials.views == []


def test_what_is_not_there_cannot_be_deleted(dashboard):
    world, _ = dashboard
    answer = world.client().get("/credentials/delete", query_string=NAMED, headers=BLUE)
    assert answer.status_code == 404
