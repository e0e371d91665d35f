"""The metadata that a client can read without a sign-in."""

import pytest

from tests.support.fakes import ONE_TEAM, make_world
from tests.support.oauth_walk import Walk
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
    ("suffix", "resource"), [("", "/mcp"), ("/mcp", "/mcp"), ("/mcp/demo", "/mcp/demo")]
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


@pytest.mark.parametrize("host", ["evil.example", "localhost:9", "localhost.evil.example"])
def test_no_url_is_built_from_the_host_that_a_client_names(walk: Walk, host: str):
    for path in WELL_KNOWN:
        answer = walk.http.get(walk.url + path, headers={"Host": host})
        assert answer.status_code == 421
        assert host not in answer.text


def test_nor_from_another_name_of_ours(walk: Walk):
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
