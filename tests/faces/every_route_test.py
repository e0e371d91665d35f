"""Rules that hold on every route of the application."""

import re
from collections.abc import Iterator
from urllib.parse import unquote

import pytest
from werkzeug.test import TestResponse

from oduflow.domain.errors import Kind
from oduflow.kernel.registry import Registry
from tests.support.fakes import (
    BLUE_PASSWORD,
    BLUE_TOKEN,
    ONE_TEAM,
    OPEN,
    RED_TOKEN,
    World,
    basic,
    bearer,
    make_world,
)

REGISTRY = Registry.discover("oduflow.operations")
OPEN_TO_ALL = {"/healthz", "/readyz"}
# Signing in begins without a credential; `tests/faces/oauth` attacks those doors. A link is one
# itself; `tests/faces/links_test.py` attacks it.
OPEN_FACES = {"links", "oauth", "static"}
POLICY = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
PROXY = f"[server]\ntrusted_proxies = 1\n{ONE_TEAM}"
NAMES = ("localhost:8000", "127.0.0.1:8000", "[::1]:8000")
RIGHT = {"mcp": bearer(BLUE_TOKEN)}


def routes(world: World) -> Iterator[tuple[str, str, str]]:
    """Walk method, path and blueprint of every route; what varies in a path is filled in."""
    for rule in world.app.url_map.iter_rules():
        path = re.sub(r'<any\("?(\w+).*?\):\w+>', r"\1", rule.rule)
        path = re.sub(r"<path:\w+>", "base.css", path)
        path = re.sub(r"<(?:\w+:)?\w+>", "a" * 12, path)
        for method in sorted(rule.methods or ()):
            yield method, path, rule.endpoint.partition(".")[0]


def stateless(world: World) -> list[tuple[str, str, str]]:
    """Leave out `/mcp` with a right token: its loop needs a socket to end."""
    return [route for route in routes(world) if route[1] != "/mcp"]


def test_the_walk_comes_past_every_face(world: World):
    found = {path for _, path, _ in routes(world)}
    assert {"/", "/mcp", "/api/environments", "/healthz", "/readyz", "/metrics"} <= found
    assert "/static/aaaaaaaaaaaa/base.css" in found
    assert len(found) > len(list(REGISTRY))


def test_an_unknown_host_is_421_before_everything_else(world: World):
    for method, path, _ in routes(world):
        headers = {"Host": "evil.example", **basic(BLUE_PASSWORD)}
        answer = ask(world, method, path, headers)
        assert answer.status_code == 421, (method, path)
        assert "evil.example" not in answer.get_data(as_text=True)
    assert world.audit.rows == []


@pytest.mark.parametrize("name", ["Host", "Authorization"])
def test_a_repeated_header_is_400_before_everything_else(world: World, name: str):
    value = {"Host": NAMES[0], "Authorization": basic(BLUE_PASSWORD)["Authorization"]}[name]
    for method, path, _ in routes(world):
        answer = world.client().open(path, method=method, headers=[(name, value), (name, value)])
        assert answer.status_code == 400, (method, path)


def test_every_answer_carries_the_headers_sets_no_cookie_and_redirects_to_no_other_site(
    world: World,
):
    for credential in ({}, basic("wrong"), basic(BLUE_PASSWORD)):
        for method, path, _ in stateless(world):
            answer = ask(world, method, path, credential)
            where = (method, path, answer.status_code)
            assert answer.headers.getlist("Content-Security-Policy") == [POLICY], where
            assert answer.headers.getlist("X-Frame-Options") == ["DENY"], where
            assert answer.headers.getlist("X-Content-Type-Options") == ["nosniff"], where
            assert answer.headers.getlist("Referrer-Policy") == ["same-origin"], where
            assert answer.headers["Cache-Control"] == "no-store", where
            assert "Set-Cookie" not in answer.headers, where
            assert "Strict-Transport-Security" not in answer.headers, where
            assert answer.headers.get("Location", "/").startswith("/"), where


def test_over_https_every_answer_says_to_stay_there():
    world = make_world(PROXY, operations=REGISTRY)
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1"}
    for method, path, _ in routes(world):
        answer = ask(world, method, path, forwarded)
        assert answer.headers["Strict-Transport-Security"].startswith("max-age="), (method, path)
        assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    "headers",
    [basic("wrong"), bearer("wrong"), bearer(RED_TOKEN), {"Authorization": ""}],
    ids=["password", "token", "foreign token", "empty"],
)
def test_a_wrong_credential_is_never_anonymous_on_any_route(headers: dict[str, str]):
    """Not even where no credential is required."""
    world = make_world(OPEN, operations=REGISTRY)
    guarded = 0
    for method, path, blueprint in routes(world):
        if path in OPEN_TO_ALL or blueprint in OPEN_FACES or method == "OPTIONS":
            continue
        # Where a route reads no such method, that is all it says.
        answer = ask(world, method, path, headers)
        assert answer.status_code in {401, 405}, (method, path)
        guarded += answer.status_code == 401
    assert guarded > len(list(REGISTRY))
    assert world.audit.rows == []


def test_no_answer_is_built_from_the_name_that_the_client_chose(world: World):
    """Each name of ours gets the same answer, and none is told back."""
    forwarded = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Prefix": "/evil"}
    for method, path, _ in stateless(world):
        if method not in {"GET", "HEAD"} or path == "/metrics":
            continue
        told = []
        for name in NAMES[1:]:
            headers = {"Host": name, **forwarded, **basic(BLUE_PASSWORD)}
            answer = ask(world, method, path, headers)
            told.append(re.sub(r"\d+ s\b", "", answer.get_data(as_text=True)))
            everything = f"{told[-1]} {answer.headers}"
            assert name not in everything, path
            assert "evil" not in everything, path
        assert told[0] == told[1], path


@pytest.mark.parametrize(
    "path",
    [
        "//api",
        "//api/things",
        "/api",
        "/api/",
        "/api//",
        "/api//things",
        "/api/things/",
        "/api/./things",
        "/api/%2e%2e",
        "/api/%2e%2e/mcp",
        "/api/..%2fmcp",
        "/api/../mcp",
        "/api/things;x",
        "/api;x/things",
        "/api/things%00",
        "/API/things",
        "/mcp/",
        "/mcp//",
        "//mcp",
        "/mcp/.",
        "/mcp/..",
        "/mcp/%2e%2e",
        "/mcp/..%2fapi/things",
        "/mcp;x",
        "/mcp%00",
        "/mcp%2f",
        "/MCP",
    ],
)
def test_an_odd_path_leads_nowhere_else(path: str):
    world = make_world()
    for method in ("GET", "POST", "DELETE"):
        for credential in ({}, basic(BLUE_PASSWORD)):
            # As a server hands it over: a client library would tidy it first.
            answer = world.client().open(
                "/",
                method=method,
                headers=credential,
                environ_overrides={"PATH_INFO": unquote(path), "REQUEST_URI": path},
            )
            # A slash at the end of a route that exists is that route, which asks who it is.
            is_route = path.endswith("things/")
            assert answer.status_code in {401, 404, 405} or is_route, (method, path)
            assert "Location" not in answer.headers
    assert {row.operation for row in world.audit.rows} <= {"list_things", "create_thing"}


def test_every_route_below_api_takes_json_and_nothing_that_a_form_can_send(world: World):
    kinds = ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain", "")
    seen = 0
    for method, path, _ in routes(world):
        if path.startswith("/api/") and method in {"POST", "PATCH"}:
            for kind in kinds:
                headers = {**basic(BLUE_PASSWORD), "Content-Type": kind}
                answer = world.client().open(path, method=method, headers=headers, data=b"{}")
                assert answer.status_code == 415, (path, kind)
                seen += 1
    assert seen >= len(kinds)
    assert {row.outcome for row in world.audit.rows} == {Kind.INVALID}, "none of them was run"
    assert len(world.audit.rows) == seen


def test_csrf_holds_on_every_route_that_changes_something():
    """Without any password needed, so that nothing else could refuse it."""
    world = make_world(OPEN, operations=REGISTRY)
    foreign: list[dict[str, str]] = [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
    ]
    tried = 0
    for method, path, blueprint in routes(world):
        if method in {"GET", "HEAD", "OPTIONS"} or blueprint in {"mcp", "oauth"}:
            continue
        for headers in foreign:
            assert ask(world, method, path, headers).status_code == 403, (method, path, headers)
            tried += 1
    assert tried >= 4 * sum(operation.method != "GET" for operation in REGISTRY)
    assert world.audit.rows == []


def ask(world: World, method: str, path: str, headers: dict[str, str]) -> TestResponse:
    answer: TestResponse = world.client().open(path, method=method, headers=headers, buffered=True)
    return answer


@pytest.fixture
def world() -> World:
    return make_world(operations=REGISTRY)
