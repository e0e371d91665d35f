"""Grants over REST: a Bearer token there only if it was made for it."""

from typing import Any

import pytest

from oduflow.adapters.store import RateLimits
from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.rate_limits import ADDRESS
from tests.support.fakes import BLUE_PASSWORD, BLUE_TOKEN, basic, bearer
from tests.support.grants_world import GrantsWorld, grants_world
from tests.support.oauth_stores import fresh_store


def test_a_grant_made_for_rest_opens_it_as_far_as_it_reaches(made: GrantsWorld) -> None:
    secret = made.grant("ci", environments=["shop"], tiers=["read"], rest=True)

    assert get(made, "/environments/shop", bearer(secret)).json["data"]["name"] == "shop"
    assert get(made, "/environments/till", bearer(secret)).status_code == 404
    assert get(made, "/templates", bearer(secret)).status_code == 403
    listed = get(made, "/environments", bearer(secret)).json["data"]["environments"]
    assert [one["name"] for one in listed] == ["shop"]
    assert get(made, "/openapi.json", bearer(secret)).status_code == 200
    assert made.world.audit.rows[-1].actor.subject == "ci"


def test_a_grant_made_without_it_is_401(made: GrantsWorld) -> None:
    secret = made.grant("ci")

    answer = get(made, "/status", bearer(secret))
    assert answer.status_code == 401
    assert "rest=true" in answer.json["hint"]
    assert made.holder(secret).subject == "ci"


def test_a_valid_token_that_rest_refuses_counts_as_no_wrong_password(made: GrantsWorld) -> None:
    made.world.rate_limits = RateLimits(fresh_store(), lambda: "key")
    secret = made.grant("ci")

    for token, told in (
        (secret, "The grant ci is not valid here."),
        (BLUE_TOKEN, "The Bearer token is for MCP, not for REST."),
    ):
        answers = [get(made, "/status", bearer(token)) for _ in range(ADDRESS.failures + 1)]
        assert {answer.status_code for answer in answers} == {401}
        assert all(told in answer.text for answer in answers)
    assert get(made, "/status", basic(BLUE_PASSWORD)).status_code == 200
    guesses = [get(made, "/status", bearer(f"odf_{n}")) for n in range(ADDRESS.failures + 1)]
    assert guesses[-1].status_code == 429, "an unknown secret is counted as before"


def test_a_grant_is_not_accepted_as_a_password(made: GrantsWorld) -> None:
    secret = made.grant("ci", rest=True)

    for user in ("admin", "ci", ""):
        assert get(made, "/status", basic(secret, user)).status_code == 401


@pytest.mark.parametrize("token", [BLUE_TOKEN, BLUE_PASSWORD, "odf_wrong", ""])
def test_no_other_bearer_token_opens_rest(made: GrantsWorld, token: str) -> None:
    assert get(made, "/status", bearer(token)).status_code == 401


def test_a_persons_oauth_token_does_not_open_rest(made: GrantsWorld) -> None:
    class KnowsAnn:
        def verify(self, token: str, resource: str) -> Actor:
            return Actor("1", ActorKind.OAUTH, "ann")

    made.world.verifiers.append(KnowsAnn())

    assert get(made, "/status", bearer("token-of-ann")).status_code == 401


def test_a_wrong_one_is_not_made_good_by_an_open_dashboard(tmp_path: Any) -> None:
    with grants_world(tmp_path, "[team.1]\n[team.2]\nhostname = 'red.example'\n") as made:
        assert get(made, "/status", {}).status_code != 500
        assert get(made, "/status", bearer("odf_wrong")).status_code == 401


def test_the_dashboard_takes_none(made: GrantsWorld) -> None:
    secret = made.grant("ci", rest=True)

    for path in ("/", "/access", "/system"):
        assert made.world.client().get(path, headers=bearer(secret)).status_code == 401


def test_a_foreign_page_is_refused_with_a_grant_too(made: GrantsWorld) -> None:
    headers = {**bearer(made.grant("ci", rest=True)), "Sec-Fetch-Site": "cross-site"}

    answer = made.world.client().post("/api/environments/shop/stop", headers=headers)
    assert answer.status_code == 403


def test_the_description_names_both_ways_in(made: GrantsWorld) -> None:
    schemes = get(made, "/openapi.json", basic(BLUE_PASSWORD)).json["components"]["securitySchemes"]

    assert {scheme["scheme"] for scheme in schemes.values()} == {"basic", "bearer"}


def get(made: GrantsWorld, path: str, headers: dict[str, str]) -> Any:
    return made.world.client().get(f"/api{path}", headers=headers)


@pytest.fixture
def made(tmp_path: Any) -> Any:
    with grants_world(tmp_path) as world:
        yield world
