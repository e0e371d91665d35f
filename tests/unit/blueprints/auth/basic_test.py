import base64
import logging

import pytest
from flask import Flask

from oduflow.blueprints.auth import authenticate_basic
from oduflow.blueprints.auth.basic import verify
from tests.support.fakes import (
    BASE_URL,
    BLUE_PASSWORD,
    BLUE_TOKEN,
    ONE_TEAM,
    OPEN,
    RED_PASSWORD,
    TWO_TEAMS,
    basic,
    bearer,
    make_world,
)

HOSTNAMES = TWO_TEAMS.replace('"Blue"', '"Blue"\nhostname = "blue.example.com"').replace(
    '"Red"', '"Red"\nhostname = "red.example.com"'
)


def test_the_password_proves_who_asks_and_names_the_team():
    assert asked(TWO_TEAMS, basic(BLUE_PASSWORD)) == (200, "1 basic:admin")
    assert asked(TWO_TEAMS, basic(RED_PASSWORD)) == (200, "2 basic:admin")


def test_without_a_credential_the_answer_asks_for_one():
    answer = page(ONE_TEAM).test_client().get("/page", base_url=BASE_URL)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="Oduflow"'


@pytest.mark.parametrize(
    "headers",
    [
        basic("wrong"),
        basic(""),
        basic(BLUE_PASSWORD, user="Admin"),
        basic(BLUE_PASSWORD, user="root"),
        basic(BLUE_PASSWORD, user=""),
        basic(BLUE_PASSWORD + " "),
        basic(BLUE_TOKEN),
        bearer(BLUE_PASSWORD),
        bearer(BLUE_TOKEN),
        {"Authorization": "Basic"},
        {"Authorization": "Basic !!!"},
        {"Authorization": "Basic " + base64.b64encode(b"\xff\xfe:x").decode()},
        {"Authorization": "Basic " + base64.b64encode(BLUE_PASSWORD.encode()).decode()},
        {"Authorization": ""},
        {"Authorization": "Digest username=admin"},
    ],
)
@pytest.mark.parametrize("toml", [ONE_TEAM, OPEN], ids=["closed", "open"])
def test_a_wrong_credential_is_401_and_never_anonymous(toml, headers):
    assert asked(toml, headers)[0] == 401


def test_a_cookie_proves_nothing():
    assert asked(ONE_TEAM, {"Cookie": f"session={BLUE_PASSWORD}"})[0] == 401


def test_a_password_is_good_at_its_own_teams_host_only():
    assert asked(HOSTNAMES, basic(BLUE_PASSWORD), "http://blue.example.com")[0] == 200
    assert asked(HOSTNAMES, basic(RED_PASSWORD), "http://blue.example.com")[0] == 401
    assert asked(HOSTNAMES, basic(RED_PASSWORD)) == (200, "2 basic:admin")


def test_a_wrong_user_is_compared_as_thoroughly_as_a_wrong_password(monkeypatch):
    compared = []
    monkeypatch.setattr(
        "oduflow.blueprints.auth.basic.SecretDigests.team_of",
        lambda _digests, secret: compared.append(secret),
    )
    app = make_world(TWO_TEAMS).app
    with app.test_request_context("/", base_url=BASE_URL):
        for user in ("admin", "unknown", "", None):
            verify(user, "guess")
    assert compared == ["guess"] * 4


def test_a_foreign_page_is_refused_even_with_the_right_password():
    headers = {**basic(BLUE_PASSWORD), "Sec-Fetch-Site": "cross-site"}
    client = page(ONE_TEAM).test_client()
    assert client.post("/page", headers=headers, base_url=BASE_URL).status_code == 403


def test_a_failure_is_logged_with_its_address_and_without_what_was_presented(caplog):
    with caplog.at_level(logging.DEBUG):
        asked(ONE_TEAM, basic("a slip of the secret", user="a slip of the tongue"))
    assert "basic: wrong credential from 127.0.0.1" in caplog.text
    assert "slip" not in caplog.text


def asked(toml: str, headers: dict[str, str], base_url: str = BASE_URL) -> tuple[int, str]:
    client = page(toml).test_client(use_cookies=False)  # else it leaves a Cookie header out
    answer = client.get("/page", headers=headers, base_url=base_url)
    return answer.status_code, answer.text


def page(toml: str) -> Flask:
    app = make_world(toml).app

    @app.route("/page", methods=["GET", "POST"])
    def view() -> str:
        actor = authenticate_basic()
        return f"{actor.team} {actor}"

    return app
