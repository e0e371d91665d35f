"""Strangers may ask the OAuth server anything: no request of theirs is a server error."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import Client

from tests.support.fake_github import CLIENT_ID, CLIENT_SECRET
from tests.support.oauth_walk import REDIRECT_URI, OAuthWalk, Pkce, hidden_fields
from tests.support.oauth_world import OAuthWorld, unserved_world
from tests.support.pages import read_page

EXAMPLES = 250
ROUTES = (
    *(("GET", path) for path in ("/authorize", "/auth/login", "/auth/callback", "/auth/team")),
    *(("POST", path) for path in ("/consent", "/auth/team", "/token", "/revoke")),
)
BODIES = ("/register", *(path for method, path in ROUTES if method == "POST"))
NAMES = (
    *("client_id", "client_secret", "redirect_uri", "response_type", "response_mode", "scope"),
    *("state", "nonce", "prompt", "code", "code_challenge", "code_challenge_method"),
    *("code_verifier", "resource", "grant_type", "refresh_token", "token", "token_type_hint"),
    *("csrf", "transaction", "decision", "team", "error", "error_description", "request"),
)
ANYTHING = st.text(st.characters(), max_size=40)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANYTHING,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANYTHING, inner, max_size=3),
    max_leaves=8,
)
REGISTERED = ("redirect_uris", "client_name", "token_endpoint_auth_method", "grant_types", "scope")
METADATA = st.builds(
    lambda right, more: {**right, **more},
    st.fixed_dictionaries({"redirect_uris": st.lists(st.just(REDIRECT_URI), max_size=2)}),
    st.dictionaries(st.sampled_from(REGISTERED), JSON, max_size=2),
)
CREDENTIALS = ("Basic", "Basic //8=", "Basic YQ==", "Basic YTpi", "Bearer x")
VISIBLE = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40)
OTHERS = ("Cookie", "Origin", "Sec-Fetch-Site", "Content-Type")
HEADERS = st.builds(
    lambda some, more: {**some, **more},
    st.dictionaries(st.just("Authorization"), st.sampled_from(CREDENTIALS) | VISIBLE, max_size=1),
    st.dictionaries(st.sampled_from(OTHERS), st.just("null") | VISIBLE, max_size=1),
)

always_the_same = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.thorough
@always_the_same
@given(data=st.data(), route=st.sampled_from(ROUTES))
def test_no_parameters_are_a_server_error(stranger: "UnknownClient", data, route: tuple[str, str]):
    method, path = route
    values = st.sampled_from(stranger.known) | ANYTHING
    right = stranger.right(path)
    changed = data.draw(st.dictionaries(st.sampled_from(tuple(right)), values, max_size=2))
    more = data.draw(st.dictionaries(st.sampled_from(NAMES), values, max_size=2))
    left_out = data.draw(st.sets(st.sampled_from(tuple(right)), max_size=1))
    given = {key: it for key, it in {**right, **changed, **more}.items() if key not in left_out}
    pairs = [*given.items(), *data.draw(st.lists(st.tuples(ANYTHING, ANYTHING), max_size=1))]
    stranger.ask(method, path, urlencode(pairs, errors="surrogatepass"), data.draw(HEADERS))


@always_the_same
@given(metadata=JSON | METADATA, headers=HEADERS)
def test_no_metadata_is_a_server_error(stranger: "UnknownClient", metadata: Any, headers):
    body = json.dumps(metadata)
    stranger.ask("POST", "/register", body, {"Content-Type": "application/json", **headers})


@always_the_same
@given(body=st.binary(max_size=60), path=st.sampled_from(BODIES), headers=HEADERS)
def test_no_bytes_are_a_server_error(stranger: "UnknownClient", body: bytes, path: str, headers):
    stranger.ask("POST", path, body, headers)


class UnknownClient:
    """A client that knows every public name and has started a sign-in."""

    def __init__(self, world: OAuthWorld) -> None:
        self.world = world
        self.client = Client(world.app)
        self.asked = 0
        walk = OAuthWalk(world.url)
        walk.http.mount(world.url, world.walk_in_process().http.get_adapter(world.url))
        assert walk.register().status_code == 201
        self.walk = walk
        self.known = (
            *("", "code", "S256", "plain", "query", "allow", "blue", "authorization_code"),
            *("refresh_token", walk.client_id, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI),
            *(f"{world.url}/mcp", walk.pkce.verifier, walk.pkce.challenge, "access_denied"),
        )

    def right(self, path: str) -> dict[str, str]:
        """Return what belongs there, right but for what only GitHub or a person could add."""
        basis = {
            "client_id": self.walk.client_id,
            "redirect_uri": REDIRECT_URI,
        }
        if path == "/authorize":
            more = {"code_challenge": Pkce().challenge, "code_challenge_method": "S256"}
            return {**basis, **more, "response_type": "code", "state": "s"}
        if path in {"/consent", "/auth/login", "/auth/team"}:
            return {**self._begun(), "decision": "allow", "team": "blue"}
        return {**basis, "grant_type": "authorization_code", "code": "c", "state": "s"}

    def ask(self, method: str, path: str, sent: str | bytes, headers: dict[str, str]) -> None:
        self.asked += 1
        address = f"10.{self.asked >> 16 & 255}.{self.asked >> 8 & 255}.{self.asked & 255}"
        place: dict[str, Any] = {"query_string" if method == "GET" else "data": sent}
        kind = {"Content-Type": "application/x-www-form-urlencoded"} if method == "POST" else {}
        answer = self.client.open(
            path,
            method=method,
            base_url=self.world.url,
            headers={**kind, **headers},
            environ_overrides={"REMOTE_ADDR": address},
            **place,
        )
        assert answer.status_code < 500, (method, path, sent, headers, answer.text)

    def _begun(self) -> dict[str, str]:
        query = urlencode(self.right("/authorize"))
        address = {"REMOTE_ADDR": f"10.255.{self.asked >> 8 & 255}.{self.asked & 255}"}
        page = self.client.get(
            f"/authorize?{query}", base_url=self.world.url, environ_overrides=address
        )
        return hidden_fields(read_page(page.text).one("form"))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UnknownClient]:
    with unserved_world(tmp_path_factory.mktemp("any")) as world:
        yield UnknownClient(world)
