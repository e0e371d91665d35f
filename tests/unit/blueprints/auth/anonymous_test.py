import pytest
from flask.testing import FlaskClient

from oduflow.blueprints.auth import authenticate_basic, authenticate_bearer
from tests.support.fakes import BASE_URL, ONE_TEAM, OPEN, TWO_TEAMS, make_world
from tests.support.published_toml import GITHUB_OAUTH

FACES = ["/basic", "/bearer"]
TWO_OPEN = "[team.1]\n[team.2]\n"
OWN_HOSTS = '[team.1]\nhostname = "blue.example.com"\n[team.2]\nhostname = "red.example.com"\n'


@pytest.mark.parametrize("face", FACES)
def test_the_only_team_without_a_secret_lets_in_programs_of_this_machine(face):
    answer = client(OPEN).get(face, base_url=BASE_URL)
    assert (answer.status_code, answer.text) == (200, "1 anonymous:anonymous")


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("toml", [ONE_TEAM, TWO_TEAMS, TWO_OPEN])
def test_where_a_team_has_a_secret_or_several_could_be_meant_no_call_is_anonymous(face, toml):
    assert client(toml).get(face, base_url=BASE_URL).status_code == 401


@pytest.mark.parametrize("face", FACES)
def test_a_host_of_its_own_says_which_team_is_meant(face):
    answer = client(OWN_HOSTS).get(face, base_url="http://red.example.com")
    assert (answer.status_code, answer.text) == (200, "2 anonymous:anonymous")


@pytest.mark.parametrize("face", FACES)
def test_beside_an_open_team_a_closed_one_stays_closed_at_its_host(face):
    toml = OWN_HOSTS + 'auth_token = "red-token-01234567"\nui_password = "red-password-0123"\n'
    assert client(toml).get(face, base_url="http://red.example.com").status_code == 401
    assert client(toml).get(face, base_url="http://blue.example.com").status_code == 200


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("address", ["192.168.1.2", "10.213.1.5", "8.8.8.8", ""])
def test_no_other_machine_and_no_container_is_admitted_anonymously(face, address):
    environ = {"REMOTE_ADDR": address}
    answer = client(OPEN).get(face, base_url=BASE_URL, environ_overrides=environ)
    assert answer.status_code == 401


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("header", ["Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host"])
def test_no_client_of_a_proxy_on_this_machine_is_admitted_anonymously(face, header):
    answer = client(OPEN).get(face, base_url=BASE_URL, headers={header: "127.0.0.1"})
    assert answer.status_code == 401


@pytest.mark.parametrize("face", FACES)
def test_a_trusted_proxy_cannot_make_a_stranger_local(face):
    behind = client("[server]\ntrusted_proxies = 1\n")
    headers = {"X-Forwarded-For": "127.0.0.1"}
    environ = {"REMOTE_ADDR": "192.168.1.2"}
    answer = behind.get(face, base_url=BASE_URL, headers=headers, environ_overrides=environ)
    assert answer.status_code == 401


def test_with_oauth_on_an_empty_token_opens_nothing_yet_the_dashboard_is_its_own_matter():
    assert client(GITHUB_OAUTH).get("/bearer", base_url=BASE_URL).status_code == 401
    assert client(GITHUB_OAUTH).get("/basic", base_url=BASE_URL).status_code == 200


def test_each_face_looks_at_its_own_secret():
    only_token = '[team.1]\nauth_token = "blue-token-01234567"\n'
    assert client(only_token).get("/basic", base_url=BASE_URL).status_code == 200
    assert client(only_token).get("/bearer", base_url=BASE_URL).status_code == 401


def client(toml: str) -> FlaskClient:
    app = make_world(toml).app

    @app.get("/basic")
    def basic_page() -> str:
        actor = authenticate_basic()
        return f"{actor.team} {actor}"

    @app.get("/bearer")
    def bearer_page() -> str:
        actor = authenticate_bearer()
        return f"{actor.team} {actor}"

    return app.test_client()
