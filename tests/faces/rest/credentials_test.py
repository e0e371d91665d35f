"""The four routes that are promised, word for word, and what none of their answers repeats."""

import pytest

from oduflow.domain.errors import Invalid
from tests.support.dashboard_world import BLUE, make_dashboard

TOKEN = "ghp_A1b2C3d4E5f6G7h8I9j0"
URL = f"https://me:{TOKEN}@github.com/acme/addons.git"


@pytest.fixture
def dashboard():
    return make_dashboard()


def test_the_four_routes_are_those_of_the_page(dashboard):
    world, _ = dashboard
    client = world.client()

    added = client.post("/api/credentials/add", json={"repo_url": URL}, headers=BLUE)
    listed = client.get("/api/credentials", headers=BLUE)
    named = {"host": "github.com", "username": "me", "path": "/"}
    validated = client.post("/api/credentials/validate", json=named, headers=BLUE)
    deleted = client.post("/api/credentials/delete", json=named, headers=BLUE)

    answers = (added, listed, validated, deleted)
    assert [answer.status_code for answer in answers] == [200, 200, 200, 200]
    assert listed.json["data"]["credentials"][0]["token"] == "ghp_****"
    assert not any(TOKEN in answer.text for answer in answers)


def test_a_blueprint_of_their_own_serves_them_and_no_other_does(dashboard):
    world, _ = dashboard
    rules = [
        rule for rule in world.app.url_map.iter_rules() if rule.rule.startswith("/api/credentials")
    ]
    assert len(rules) == 4
    assert {rule.endpoint.partition(".")[0] for rule in rules} == {"credentials"}


@pytest.mark.parametrize(
    "body",
    [
        {"repo_url": [URL]},
        {"repo_url": URL, "path": [URL]},
        {"repo_url": URL, "keep_unverified": URL},
        {"url": URL},
        {URL: 1},
        {TOKEN: 1, "repo_url": URL},
        {"repo_url": URL, "path": "x" * 501},
    ],
)
def test_no_refusal_repeats_what_was_sent_and_none_is_audited_with_it(dashboard, body):
    world, _ = dashboard
    answer = world.client().post("/api/credentials/add", json=body, headers=BLUE)

    assert answer.status_code == 422
    assert TOKEN not in answer.text
    assert TOKEN not in repr(world.audit.rows)


def test_a_failure_below_is_answered_masked(dashboard):
    world, ledger = dashboard
    ledger.credentials.failure = Invalid("github.com refused the credential me:ghp_****.")
    answer = world.client().post("/api/credentials/add", json={"repo_url": URL}, headers=BLUE)
    assert (answer.status_code, TOKEN in answer.text) == (422, False)


@pytest.mark.parametrize("text", [URL, f'{{"repo_url": "{URL}"', f'"{URL}"', f"[{URL}]"])
def test_a_body_that_is_no_object_is_not_repeated(dashboard, text):
    world, _ = dashboard
    answer = world.client().post(
        "/api/credentials/add", data=text, headers=BLUE, content_type="application/json"
    )
    assert (answer.status_code, TOKEN in answer.text) == (422, False)


def test_a_url_as_the_name_of_something_else_is_audited_hidden(dashboard):
    world, _ = dashboard
    world.client().post(
        "/api/environments", json={"name": URL, "branch": [TOKEN, URL]}, headers=BLUE
    )
    assert world.audit.rows
    assert TOKEN not in repr(world.audit.rows)
