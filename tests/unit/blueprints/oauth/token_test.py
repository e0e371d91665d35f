import base64

import pytest

from oduflow.blueprints.oauth import clients
from oduflow.domain.client_documents import ClientDocument
from oduflow.settings import parse
from tests.support.fakes import BASE_URL, make_world
from tests.support.scripted_github import BLUE, REDIRECT, SERVER, VERIFIER, query_of, sign_in

CLAUDE = "https://claude.ai/api/mcp/auth_callback"
DOCUMENT = "https://app.example/client.json"


def test_a_sign_in_ends_in_tokens_that_open_mcp(walk):
    answer = walk.redeem(walk.code())

    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert {
        "token_type": "Bearer",
        "expires_in": 3600,
        "scope": "mcp",
    }.items() <= answer.json.items()
    assert opens_mcp(walk, answer.json["access_token"])


def test_a_refresh_rotates_and_checks_whether_the_person_is_still_listed(walk):
    first = walk.redeem(walk.code()).json
    second = walk.token(grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert second.status_code == 200
    assert second.json["refresh_token"] != first["refresh_token"]
    walk.world.oauth.logins.forget("octocat")

    third = walk.token(grant_type="refresh_token", refresh_token=second.json["refresh_token"])

    assert (third.status_code, third.json["error"]) == (400, "invalid_grant")


def test_a_refresh_of_who_is_not_listed_any_more_gives_nothing(walk):
    tokens = walk.redeem(walk.code()).json
    removed = parse(SERVER + BLUE.replace('"octocat", ', ""))
    object.__setattr__(walk.world.context, "configured", removed)

    answer = walk.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])

    assert (answer.status_code, answer.json["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize("verifier", ["w" * 43, "", "short"])
def test_a_wrong_verifier_gives_nothing_and_burns_nothing(walk, verifier):
    code = walk.code()

    assert walk.redeem(code, code_verifier=verifier).status_code == 400
    assert walk.redeem(code).status_code == 200


def test_another_client_burns_no_code(walk):
    code, mine = walk.code(), walk.client
    walk.client = walk.register()
    assert walk.redeem(code).json["error"] == "invalid_grant"
    walk.client = mine

    assert walk.redeem(code).status_code == 200


def test_another_client_that_replays_a_code_kills_nothing(walk):
    code = walk.code()
    tokens = walk.redeem(code).json
    walk.client = walk.register()

    assert walk.redeem(code).json["error"] == "invalid_grant"
    assert opens_mcp(walk, tokens["access_token"])


@pytest.mark.parametrize("resource", ["https://other.example/mcp", f"{BASE_URL}/mcp/sale", "x"])
def test_another_resource_than_was_agreed_to_is_refused_and_burns_nothing(walk, resource):
    code = walk.code()

    assert walk.redeem(code, resource=resource).json["error"] == "invalid_target"
    tokens = walk.redeem(code, resource=f"{BASE_URL}/mcp").json
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert walk.token(**form, resource=resource).json["error"] == "invalid_target"
    assert walk.token(**form).status_code == 200


def test_what_is_given_back_is_dead(walk):
    tokens = walk.redeem(walk.code()).json

    answer = walk.browser.post(
        "/revoke", data={"token": tokens["access_token"], "client_id": walk.client}
    )

    assert answer.status_code == 200
    assert not opens_mcp(walk, tokens["access_token"])


def test_the_configured_client_needs_its_secret(walk, caplog):
    walk.client = "Iv-app"
    asked = walk.to_github(redirect_uri=CLAUDE)
    code = query_of(walk.go_on(walk.back(asked["state"])).location)["code"]
    form = {"redirect_uri": CLAUDE}

    assert walk.redeem(code, **form).json["error"] == "invalid_client"
    wrong = walk.redeem(code, client_secret="wrong", **form)
    assert wrong.status_code == 401
    assert "oauth: wrong credential" in caplog.text
    assert walk.redeem(code, client_secret="app-secret-0123456789", **form).status_code == 200


def test_a_client_that_describes_itself_is_looked_up_before_consent_only(walk):
    documents = walk.world.oauth.documents
    documents.known[DOCUMENT] = ClientDocument(DOCUMENT, "An app", (REDIRECT,))
    walk.client = DOCUMENT

    tokens = walk.redeem(walk.code())

    assert tokens.status_code == 200
    assert documents.asked == [DOCUMENT]


def test_no_registration_takes_the_configured_clients_id():
    walk = sign_in()
    own = "https://app.example/configured"
    toml = SERVER.replace("Iv-app", own) + "[team.1]\n"
    world = make_world(toml)
    world.oauth.documents.known[own] = ClientDocument(own, "A thief", (REDIRECT,))
    walk.world, walk.browser, walk.client = world, world.client(), own

    assert walk.authorize().status_code == 400
    assert world.oauth.documents.asked == []
    with world.app.test_request_context("/", base_url=BASE_URL):
        described = clients.find_client(own)
    assert described is not None
    assert described.row.secret


@pytest.mark.parametrize(
    "form", ["grant_type=refresh_token&grant_type=refresh_token&client_id=x", "grant_type=%22", ""]
)
@pytest.mark.parametrize("path", ["/token", "/revoke"])
def test_a_malformed_request_is_a_client_error(walk, path, form):
    answer = walk.browser.post(path, data=form, content_type="application/x-www-form-urlencoded")

    assert 400 <= answer.status_code < 500
    assert answer.json["error"]


def test_a_token_request_without_a_form_says_what_is_missing(walk):
    answer = walk.browser.post("/token", json={"grant_type": "refresh_token"})

    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")
    assert "grant_type" in answer.json["error_description"]


@pytest.mark.parametrize("name", ["code", "grant_type", "client_id", "redirect_uri"])
def test_a_repeated_parameter_gives_nothing_and_burns_nothing(walk, name):
    code = walk.code()
    form = {"redirect_uri": REDIRECT, "code_verifier": VERIFIER, "client_id": walk.client}
    form |= {"grant_type": "authorization_code", "code": code}

    answer = walk.browser.post("/token", data={**form, name: [form[name], form[name]]})

    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")
    assert walk.redeem(code).status_code == 200


def test_a_basic_header_that_is_no_text_is_a_client_error(walk):
    header = "Basic " + base64.b64encode(b"\xff\xfe:x").decode()
    answer = walk.browser.post(
        "/token",
        data={"grant_type": "refresh_token", "refresh_token": "x"},
        headers={"Authorization": header},
    )

    assert 400 <= answer.status_code < 500


def opens_mcp(walk, token: str) -> bool:
    """Verify a token as `/mcp` does, which needs a socket for accepted calls."""
    (verifier,) = walk.world.verifiers
    return verifier.verify(token, "/mcp") is not None


@pytest.fixture
def walk():
    return sign_in()
