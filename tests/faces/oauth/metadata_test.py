"""The metadata that a client can read without a sign-in."""

import pytest

from tests.support.fakes import ONE_TEAM, make_world
from tests.support.oauth_walk import OAuthWalk
from tests.support.oauth_world import OAuthWorld

WELL_KNOWN = [
    "/.well-known/oauth-protected-resource",
    "/.well-known/oauth-protected-resource/mcp",
    "/.well-known/oauth-authorization-server",
]


def test_a_401_leads_to_everything_that_a_client_needs(world: OAuthWorld):
    found = world.walk_in_process().discover()
    assert found["issuer"] == world.url
    assert found["authorization_endpoint"] == f"{world.url}/authorize"
    assert found["token_endpoint"] == f"{world.url}/token"
    assert found["registration_endpoint"] == f"{world.url}/register"
    assert found["revocation_endpoint"] == f"{world.url}/revoke"
    assert found["response_types_supported"] == ["code"]
    assert found["grant_types_supported"] == ["authorization_code", "refresh_token"]
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert found["authorization_response_iss_parameter_supported"] is True
    assert found["client_id_metadata_document_supported"] is True
    assert "none" in found["token_endpoint_auth_methods_supported"]


@pytest.mark.parametrize(
    ("suffix", "resource"),
    [("", "/mcp"), ("/mcp", "/mcp"), ("/mcp/", "/mcp"), ("/mcp/demo", "/mcp/demo")],
)
def test_each_mcp_endpoint_says_who_signs_people_in(world: OAuthWorld, suffix, resource):
    path = f"/.well-known/oauth-protected-resource{suffix}"
    told = world.walk_in_process().http.get(world.url + path).json()
    assert told["resource"] == world.url + resource
    assert told["authorization_servers"] == [world.url]
    assert told["bearer_methods_supported"] == ["header"]


def test_a_wrong_token_is_told_where_to_get_a_right_one(world: OAuthWorld):
    challenge = world.walk_in_process().call("wrong").headers["WWW-Authenticate"]
    assert challenge.startswith("Bearer ")
    assert f'resource_metadata="{world.url}/.well-known/oauth-protected-resource' in challenge


def test_the_challenge_at_a_path_with_a_slash_is_that_of_the_path(world: OAuthWorld):
    walk = world.walk_in_process()
    assert (
        walk.call("wrong", "/mcp/").headers["WWW-Authenticate"]
        == (walk.call("wrong", "/mcp").headers["WWW-Authenticate"])
    )


def test_documents_of_clients_are_offered_only_while_they_are_fetched(world: OAuthWorld):
    world.server = "oauth_client_documents = false\n"
    world.configure(world.teams)
    world.build()
    walk = world.walk_in_process()
    walk.client = {"client_id": "https://client.example/metadata.json"}

    assert walk.discover()["client_id_metadata_document_supported"] is False
    assert "fetches no documents of clients" in walk.authorize().text


@pytest.mark.parametrize("path", [*WELL_KNOWN, "/register", "/token", "/revoke"])
def test_a_page_of_any_origin_may_use_what_needs_no_cookie(world: OAuthWorld, path: str):
    http = world.walk_in_process().http
    page = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}

    for method in ("OPTIONS", "GET", "POST"):
        answer = http.request(method, world.url + path, headers=page)
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
    consent = http.get(f"{world.url}/authorize", headers=page)
    assert "Access-Control-Allow-Origin" not in consent.headers


@pytest.mark.parametrize("host", ["evil.example", "localhost:9", "localhost.evil.example"])
def test_no_url_is_built_from_the_host_that_a_client_names(walk: OAuthWalk, host: str):
    for path in WELL_KNOWN:
        answer = walk.http.get(walk.url + path, headers={"Host": host})
        assert answer.status_code == 421
        assert host not in answer.text


def test_nor_from_another_name_of_ours(walk: OAuthWalk):
    other = walk.url.removeprefix("http://").replace("localhost", "127.0.0.1")
    for path in WELL_KNOWN:
        answer = walk.http.get(walk.url + path, headers={"Host": other})
        assert answer.status_code == 200
        assert walk.url in answer.text
        assert other not in answer.text


def test_without_oauth_there_is_nothing_of_it():
    client = make_world(ONE_TEAM).client()
    for path in [*WELL_KNOWN, "/authorize", "/auth/login", "/auth/callback"]:
        assert client.get(path).status_code == 404, path
    for path in ["/register", "/consent", "/token", "/revoke"]:
        assert client.post(path).status_code == 404, path
