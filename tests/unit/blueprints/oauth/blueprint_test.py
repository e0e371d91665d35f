import logging

import pytest

from oduflow.blueprints.oauth.blueprint import counted_address
from tests.support.fakes import BASE_URL, make_world
from tests.support.scripted_github import BLUE, SERVER

ROUTES = [
    "/.well-known/oauth-protected-resource",
    "/.well-known/oauth-protected-resource/mcp",
    "/.well-known/oauth-protected-resource/mcp/sale",
    "/.well-known/oauth-authorization-server",
    "/.well-known/oauth-authorization-server/mcp",
    "/authorize",
    "/consent",
    "/token",
    "/revoke",
    "/register",
    "/auth/login",
    "/auth/callback",
    "/auth/team",
]


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize("path", ROUTES)
def test_without_oauth_there_are_none_of_its_pages(path, method):
    assert make_world().client().open(path, method=method).status_code == 404


@pytest.mark.parametrize("path", ROUTES)
def test_with_oauth_there_are(path):
    assert make_world(SERVER + BLUE).client().get(path).status_code in {200, 400, 405}


def test_a_request_without_a_token_learns_where_to_sign_in():
    client = make_world(SERVER + BLUE).client()

    missing, wrong = client.post("/mcp"), client.post("/mcp", headers={"Authorization": "Bearer x"})

    at = f"{BASE_URL}/.well-known/oauth-protected-resource/mcp"
    assert missing.headers["WWW-Authenticate"] == (
        f'Bearer resource_metadata="{at}", realm="Oduflow"'
    )
    assert wrong.headers["WWW-Authenticate"] == (
        f'Bearer resource_metadata="{at}", realm="Oduflow", error="invalid_token"'
    )
    assert client.get(at).json["resource"] == f"{BASE_URL}/mcp"


@pytest.mark.parametrize("name", ["authlib", "flask_dance", "oauthlib", "requests_oauthlib"])
def test_a_library_that_prints_secrets_is_kept_from_it(name):
    assert logging.getLogger(name).level == logging.INFO
    assert not logging.getLogger(f"{name}.below").isEnabledFor(logging.DEBUG)


@pytest.mark.parametrize(
    ("peer", "counted"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("", ""),
    ],
)
def test_an_oauth_person_is_rate_limited_as_one_client(peer, counted):
    app = make_world(SERVER + BLUE).app
    with app.test_request_context("/", base_url=BASE_URL, environ_base={"REMOTE_ADDR": peer}):
        assert counted_address() == counted


def test_on_https_the_cookie_is_this_hosts_alone():
    toml = SERVER.replace("http://localhost:8000", "https://o.example") + BLUE
    client = make_world(toml).client()
    uri = "https://a.example/cb"
    registered = client.post("/register", json={"redirect_uris": [uri]})
    answer = client.get(
        "/authorize",
        query_string={
            "response_type": "code",
            "client_id": registered.json["client_id"],
            "redirect_uri": uri,
            "code_challenge": "x" * 43,
            "code_challenge_method": "S256",
        },
    )

    (cookie,) = answer.headers.getlist("Set-Cookie")
    assert cookie.startswith("__Host-oduflow-sign-in=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
