import pytest
from flask import Flask

from oduflow.blueprints.auth import StaticTokenVerifier, authenticate_bearer
from oduflow.domain.access import Actor, ActorKind, Tier
from oduflow.settings import parse
from tests.support.fakes import (
    BASE_URL,
    BLUE_PASSWORD,
    BLUE_TOKEN,
    ONE_TEAM,
    OPEN,
    RED_TOKEN,
    TWO_TEAMS,
    basic,
    bearer,
    make_world,
)

HOSTNAMES = TWO_TEAMS.replace('"Blue"', '"Blue"\nhostname = "blue.example.com"')


def test_a_token_proves_who_asks_and_names_the_team():
    verifier = StaticTokenVerifier(parse(TWO_TEAMS).teams.values())
    assert verifier.verify(BLUE_TOKEN) == Actor("1", ActorKind.TOKEN, "auth_token", frozenset(Tier))
    assert verifier.verify(RED_TOKEN) == Actor("2", ActorKind.TOKEN, "auth_token", frozenset(Tier))


@pytest.mark.parametrize("wrong", ["", "wrong", BLUE_TOKEN[:-1], BLUE_TOKEN + "x", BLUE_PASSWORD])
def test_any_other_bearer_token_names_no_actor(wrong):
    teams = parse(TWO_TEAMS + "[team.3]\n").teams.values()
    assert StaticTokenVerifier(teams).verify(wrong) is None


def test_the_scheme_is_read_in_upper_and_lower_case():
    for scheme in ("Bearer", "bearer", "BEARER"):
        assert asked(TWO_TEAMS, {"Authorization": f"{scheme} {RED_TOKEN}"}) == (200, "2")


@pytest.mark.parametrize(
    "headers",
    [
        bearer("wrong"),
        bearer(""),
        bearer("gho_0123456789abcdef0123456789abcdef0123"),
        bearer(BLUE_PASSWORD),
        bearer(f"{BLUE_TOKEN} {BLUE_TOKEN}"),
        basic(BLUE_PASSWORD),
        basic(BLUE_TOKEN),
        {"Authorization": BLUE_TOKEN},
        {"Authorization": f"Token {BLUE_TOKEN}"},
        {"Authorization": "Bearer"},
        {"Authorization": ""},
    ],
)
@pytest.mark.parametrize("toml", [ONE_TEAM, OPEN], ids=["closed", "open"])
def test_a_wrong_credential_is_401_and_never_anonymous(toml, headers):
    assert asked(toml, headers)[0] == 401


def test_a_token_in_the_query_or_in_a_cookie_proves_nothing():
    client = page(ONE_TEAM).test_client()
    query = {"access_token": BLUE_TOKEN}
    assert client.get("/page", query_string=query, base_url=BASE_URL).status_code == 401
    assert asked(ONE_TEAM, {"Cookie": f"access_token={BLUE_TOKEN}"})[0] == 401


def test_a_token_is_good_at_its_own_teams_host_only():
    assert asked(HOSTNAMES, bearer(BLUE_TOKEN), "http://blue.example.com") == (200, "1")
    assert asked(HOSTNAMES, bearer(RED_TOKEN), "http://blue.example.com")[0] == 401


def test_the_answer_asks_for_a_token_and_says_when_one_was_wrong():
    client = page(ONE_TEAM).test_client()
    missing = client.get("/page", base_url=BASE_URL)
    wrong = client.get("/page", headers=bearer("wrong"), base_url=BASE_URL)
    assert missing.headers["WWW-Authenticate"] == 'Bearer realm="Oduflow"'
    assert wrong.headers["WWW-Authenticate"] == 'Bearer realm="Oduflow", error="invalid_token"'
    assert missing.get_json()["kind"] == "unauthenticated"


def asked(toml: str, headers: dict[str, str], base_url: str = BASE_URL) -> tuple[int, str]:
    client = page(toml).test_client(use_cookies=False)  # else it leaves a Cookie header out
    answer = client.get("/page", headers=headers, base_url=base_url)
    return answer.status_code, answer.text


def page(toml: str) -> Flask:
    app = make_world(toml).app
    app.add_url_rule("/page", view_func=lambda: authenticate_bearer().team)
    return app
