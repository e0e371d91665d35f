"""SECURITY.md, OAuth 4, 6 and 8: what `/authorize` does not begin."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from oduflow.blueprints.oauth.blueprint import EXTENSION
from oduflow.domain.errors import RateLimited
from tests.support.fake_github import CLIENT_ID
from tests.support.oauth_walk import REDIRECT_URI, OAuthWalk, query_of
from tests.support.oauth_world import OAuthWorld, unserved_world
from tests.support.pages import read_page


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OAuthWorld]:
    """One for all: nothing here gets as far as changing it."""
    with unserved_world(tmp_path_factory.mktemp("world")) as made:
        yield made


@pytest.fixture(scope="module")
def client(world: OAuthWorld) -> OAuthWalk:
    made = world.walk_in_process()
    assert made.register().status_code == 201
    return made


@pytest.fixture
def walk(client: OAuthWalk) -> OAuthWalk:
    return replace(client)


@pytest.mark.parametrize(
    "uri",
    [
        "http://127.0.0.1:7/other",
        "http://127.0.0.1:7/callback/",
        "http://127.0.0.1:7/callback/../callback",
        "http://127.0.0.1:7/callback?x=1",
        "http://127.0.0.1:7/callback#x",
        'http://127.0.0.1:7/callback"',
        "http://evil.example:7/callback",
        "http://me@127.0.0.1:7/callback",
        "http://127.0.0.1:7@evil.example/callback",
        "http://127.0.0.1.evil.example:7/callback",
        "http://localhost:7/callback",
        "http://[::1]:7/callback",
        "https://127.0.0.1:7/callback",
        "http://127.1:7/callback",
        "http://2130706433:7/callback",
        "javascript:alert(1)",
        "//evil.example",
        "",
        None,
    ],
)
def test_a_redirect_uri_that_was_not_registered_leads_nowhere(walk: OAuthWalk, uri: str | None):
    refused(walk.authorize(redirect_uri=uri))


@pytest.mark.parametrize("scope", ["mcp offline_access", "openid profile", "", "mcp"])
def test_an_unknown_scope_is_ignored(walk: OAuthWalk, scope: str):
    assert walk.authorize(scope=scope).status_code == 200


def test_the_page_says_why_a_client_is_unknown(walk: OAuthWalk):
    document = "https://unknown.example/client"
    assert f"{document} is not a document" in walk.authorize(client_id=document).text
    assert "its registration expired" in walk.authorize(client_id="dyn-unknown").text


def test_a_loopback_redirect_may_differ_in_its_port(walk: OAuthWalk):
    for port in (1, 50_000):
        page = walk.authorize(redirect_uri=f"http://127.0.0.1:{port}/callback")
        assert page.status_code == 200


@pytest.mark.parametrize(
    "client_id",
    ["unknown", "", None, "dyn-unknown", "https://unknown.example/client", "https://127.0.0.1/x"],
)
def test_an_unknown_client_leads_nowhere(walk: OAuthWalk, client_id: str | None):
    refused(walk.authorize(client_id=client_id))


@pytest.mark.parametrize(
    "name",
    ["client_id", "redirect_uri", "state", "code_challenge", "response_type", "scope"],
)
def test_a_repeated_parameter_leads_nowhere(walk: OAuthWalk, name: str):
    walk.authorize(scope="mcp")
    value = walk.asked[name]
    refused(walk.authorize(**{"scope": "mcp", name: [value, value]}))


@pytest.mark.parametrize(
    "more",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge": None},
        {"code_challenge": ""},
        {"code_challenge": "short"},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": None},
        {"code_challenge_method": ""},
    ],
    ids=str,
)
def test_a_client_without_s256_is_sent_back_with_an_error(walk: OAuthWalk, more):
    sent_back(walk, walk.authorize(**more), "invalid_request")


@pytest.mark.parametrize("kind", ["token", "code token", "id_token", ""])
def test_another_way_than_a_code_is_sent_back_with_an_error(walk: OAuthWalk, kind: str):
    answer = walk.authorize(response_type=kind)
    told = sent_back(walk, answer, None)
    assert told["error"] in {"unsupported_response_type", "invalid_request"}


@pytest.mark.parametrize(
    "resource",
    [
        "https://other.example/mcp",
        "http://localhost:8000.evil.example/mcp",
        "http://localhost:8001/mcp",
        "http://localhost:8000/api",
        "http://localhost:8000/mcp/UPPER",
        "http://localhost:8000/mcp/../api",
        ["http://localhost:8000/mcp", "https://other.example/mcp"],
    ],
    ids=str,
)
def test_a_foreign_resource_is_sent_back_with_an_error(walk: OAuthWalk, resource):
    sent_back(walk, walk.authorize(resource=resource), "invalid_target")


@pytest.mark.parametrize(
    "more",
    [
        {"code_challenge": None},
        {"response_type": "token"},
        {"resource": "https://other.example/mcp"},
    ],
    ids=str,
)
def test_a_wrong_request_of_an_unknown_web_site_is_answered_on_a_page_with_a_link(
    world: OAuthWorld, more
):
    """RFC 9700, 4.11.2: a redirect before the person did anything makes an open redirector."""
    walk = world.walk_in_process()
    walk.redirect_uri = "https://evil.example/callback?x=1"
    assert walk.register().status_code == 201
    answer = walk.authorize(**more)
    refused(answer)
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    (link,) = [
        tag["href"] for tag in read_page(answer.text).all("a") if "evil.example" in tag["href"]
    ]
    assert link.startswith(f"{walk.redirect_uri}&error=")
    assert query_of(link)["state"] == walk.state
    assert query_of(link)["iss"] == walk.url


def test_too_many_sign_ins_of_an_unknown_web_site_redirect_nowhere(
    world: OAuthWorld, monkeypatch: pytest.MonkeyPatch
):
    walk = world.walk_in_process()
    walk.redirect_uri = "https://evil.example/callback"
    assert walk.register().status_code == 201
    monkeypatch.setattr(
        type(world.app.extensions[EXTENSION].transactions), "add", lambda *_: raise_limit()
    )
    answer = walk.authorize()
    refused(answer)
    assert answer.status_code == 429


@pytest.mark.parametrize("resource", [None, "http://localhost:8000", "http://localhost:8000/mcp/"])
def test_a_missing_resource_means_our_mcp(walk: OAuthWalk, resource: str | None):
    assert walk.authorize(resource=resource).status_code == 200


@pytest.mark.parametrize(
    "state", ['"><script>', "a b", "\u00e9", "x" * 4000, "\r\nSet-Cookie: a=b"]
)
def test_an_odd_state_is_neither_a_header_nor_markup_nor_an_error_of_ours(
    walk: OAuthWalk, state: str
):
    answer = walk.authorize(state=state)
    assert answer.status_code in {200, 302, 303, 400}
    assert "<script>" not in answer.text
    assert "a=b" not in answer.headers.get("Set-Cookie", "")


def test_the_configured_client_goes_back_to_claude_only(world: OAuthWorld):
    walk = world.walk_in_process()
    walk.client = {"client_id": CLIENT_ID}
    for uri in (
        "https://claude.ai/api/mcp/auth_callback",
        "https://claude.com/api/mcp/auth_callback",
    ):
        assert walk.authorize(redirect_uri=uri).status_code == 200
    refused(walk.authorize(redirect_uri=REDIRECT_URI))
    walk.redirect_uri = "https://claude.ai/api/mcp/auth_callback"
    sent_back(walk, walk.authorize(code_challenge=None), "invalid_request")


def raise_limit() -> None:
    raise RateLimited("Too many sign-ins.", "Wait.", retry_after=9)


def refused(answer) -> None:
    assert 400 <= answer.status_code < 500
    assert "Location" not in answer.headers
    assert "Refresh" not in answer.headers


def sent_back(walk: OAuthWalk, answer, error: str | None) -> dict[str, str]:
    assert answer.status_code in {302, 303}
    assert answer.headers["Location"].startswith(walk.redirect_uri)
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    told = query_of(answer.headers["Location"])
    assert told["state"] == walk.state
    assert told["iss"] == walk.url
    assert "code" not in told
    assert error is None or told["error"] == error
    return told
