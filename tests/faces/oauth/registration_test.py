"""SECURITY.md, OAuth 5: clients that cannot be registered."""

import pytest

from tests.support.oauth_walk import REDIRECT_URI, OAuthWalk
from tests.support.oauth_world import OAuthWorld


@pytest.fixture
def stranger(world: OAuthWorld) -> OAuthWalk:
    return world.walk_in_process()


@pytest.mark.parametrize(
    "uri",
    [
        "javascript:alert(1)",
        "javascript://app.example/%0aalert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "http://app.example/cb",
        "http://10.0.0.1/cb",
        "http://127.0.0.1.evil.example/cb",
        "https://claude.ai@evil.example/cb",
        "https://app.example/cb#x",
        "https://*.example/cb",
        'https://app.example/cb"',
        "https://app.example/cb\r\nLocation: x",
        "unknown-app://cb",
        "/cb",
        "",
        "https://app.example/" + "a" * 2000,
    ],
)
def test_a_redirect_uri_that_leads_astray_is_not_registered(stranger: OAuthWalk, uri: str):
    for uris in ([uri], [REDIRECT_URI, uri]):
        answer = stranger.register(redirect_uris=uris)
        assert answer.status_code == 400
        assert answer.json()["error"] == "invalid_redirect_uri"
    assert stranger.client == {}


@pytest.mark.parametrize("uris", [None, [], {}, "https://app.example/cb", 1, [1], [[]], [None]])
def test_redirect_uris_that_are_no_list_of_texts_are_not_registered(stranger: OAuthWalk, uris):
    answer = stranger.register(redirect_uris=uris)
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_redirect_uri"


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b'"x"', b"{", b"\xff", b"a=b", b"[" * 9000])
def test_what_is_no_json_object_is_not_registered(stranger: OAuthWalk, body: bytes):
    answer = stranger.http.post(
        f"{stranger.url}/register", data=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 400
    assert answer.json()["error"] in {"invalid_client_metadata", "invalid_redirect_uri"}


@pytest.mark.parametrize(
    "more",
    [
        {"grant_types": ["implicit"]},
        {"grant_types": ["client_credentials"]},
        {"response_types": ["token"]},
        {"scope": "mcp admin"},
    ],
    ids=str,
)
def test_ways_that_we_do_not_go_are_left_out_of_what_is_registered(stranger: OAuthWalk, more):
    """RFC 7591, 3.2.1: the answer says what counts."""
    told = stranger.register(**more).json()
    assert told["grant_types"] == ["authorization_code", "refresh_token"]
    assert told["response_types"] == ["code"]
    assert told["scope"] == "mcp"


@pytest.mark.parametrize("method", ["private_key_jwt", "", None, 1, [], {}])
def test_a_client_that_would_prove_itself_in_another_way_is_not_registered(
    stranger: OAuthWalk, method: object
):
    body = {"redirect_uris": [REDIRECT_URI], "token_endpoint_auth_method": method}
    answer = stranger.http.post(f"{stranger.url}/register", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_client_metadata"


def test_a_public_client_is_given_an_id_and_no_secret(stranger: OAuthWalk):
    told = stranger.register().json()
    assert told["client_id"].startswith("dyn-")
    assert "client_secret" not in told
    assert told["redirect_uris"] == [REDIRECT_URI]
    assert told["token_endpoint_auth_method"] == "none"


def test_a_confidential_client_is_given_a_secret_of_its_own(stranger: OAuthWalk):
    first = stranger.register(token_endpoint_auth_method="client_secret_basic").json()
    second = stranger.register(token_endpoint_auth_method="client_secret_basic").json()
    assert len(first["client_secret"]) >= 32
    assert first["client_secret"] != second["client_secret"]
    assert first["client_id"] != second["client_id"]


@pytest.mark.parametrize("name", ["Ov23liFakeGitHubApp00", "https://claude.ai/client"])
def test_a_client_cannot_register_under_another_clients_id(stranger: OAuthWalk, name: str):
    told = stranger.register(client_id=name).json()
    assert told["client_id"] != name


def test_registrations_are_capped(world: OAuthWorld):
    stranger = world.walk_in_process()
    answers = (stranger.register() for _ in range(400))
    refused = next(answer for answer in answers if answer.status_code != 201)
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert refused.json()["error"] == "temporarily_unavailable"
    assert "registered from this address" in refused.json()["error_description"]


@pytest.mark.parametrize("path", ["/register", "/token", "/revoke"])
def test_every_refusal_has_the_form_that_oauth_clients_read(stranger: OAuthWalk, path: str):
    for answer in (
        stranger.http.get(stranger.url + path),
        stranger.http.post(stranger.url + path, data=b"x" * (5 << 20)),
        stranger.http.post(stranger.url + path, data=b"x", headers={"Host": "evil.example"}),
        stranger.http.post(stranger.url + path, data={"grant_type": "x", "client_id": 'a"\\b'}),
    ):
        assert answer.status_code >= 400
        assert answer.headers["Content-Type"].startswith("application/json")
        assert answer.json().keys() <= {"error", "error_description"}
        assert set(answer.json().get("error_description", "")).isdisjoint('"\\\n')


def test_a_refused_redirect_uri_is_named_with_the_setting_that_allows_it(world: OAuthWorld):
    uris = [REDIRECT_URI, "kiro://app/callback"]
    refused = world.walk_in_process().register(redirect_uris=uris).json()
    world.server = 'oauth_redirect_schemes = ["kiro"]\n'
    world.configure(world.teams)
    world.build()
    walk = world.walk_in_process()

    assert refused["error"] == "invalid_redirect_uri"
    assert "kiro://app/callback" in refused["error_description"]
    assert "oauth_redirect_schemes" in refused["error_description"]
    assert walk.register(redirect_uris=uris).status_code == 201
    page = walk.authorize(redirect_uri=uris[1])
    assert page.status_code == 200
    assert "kiro:" in page.headers["Content-Security-Policy"]
