"""Refusals before any operation are audited with address and reason, never with the secret."""

import json
from dataclasses import asdict

import pytest

from oduflow.blueprints.audit import record
from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.errors import Kind
from tests.support.fakes import (
    BASE_URL,
    BLUE_PASSWORD,
    BLUE_TOKEN,
    ONE_TEAM,
    OPEN,
    TWO_TEAMS,
    basic,
    bearer,
    make_world,
)

SLIP = "blue-password-0124"
HOSTNAMES = TWO_TEAMS.replace('"Blue"', '"Blue"\nhostname = "blue.example.com"')


@pytest.mark.parametrize(
    ("path", "method", "headers", "told"),
    [
        ("/api/things", "GET", basic(SLIP), ("sign_in", "rest", "unauthenticated")),
        ("/api/things", "GET", {}, ("sign_in", "rest", "unauthenticated")),
        ("/", "GET", basic(SLIP), ("sign_in", "dashboard", "unauthenticated")),
        ("/mcp", "POST", bearer(SLIP), ("sign_in", "mcp", "unauthenticated")),
        ("/mcp", "POST", {}, ("sign_in", "mcp", "unauthenticated")),
        (
            "/mcp",
            "POST",
            {**bearer(BLUE_TOKEN), "Origin": "http://evil.example"},
            ("foreign_origin", "mcp", "forbidden"),
        ),
        (
            "/api/things",
            "POST",
            {**basic(BLUE_PASSWORD), "Sec-Fetch-Site": "cross-site"},
            ("cross_site", "rest", "forbidden"),
        ),
        ("/", "GET", {"Host": "evil.example"}, ("unknown_host", "dashboard", "invalid")),
        ("/", "GET", {"Host": "[evil"}, ("unknown_host", "dashboard", "invalid")),
        ("/", "GET", {"Authorization": "a, b"}, ("repeated_header", "dashboard", "invalid")),
    ],
)
def test_a_refusal_is_counted_with_its_place_and_its_reason(path, method, headers, told):
    world = make_world()

    answer = world.client().open(path, method=method, headers=headers)

    assert answer.status_code >= 400
    (row,) = world.audit.strangers
    assert (row.operation, row.face, row.outcome) == told
    assert (row.address, row.actor.kind, row.actor.team) == ("127.0.0.1", "anonymous", "1")
    assert row in world.audit.counted
    assert world.audit.rows == []


def test_what_was_presented_is_not_remembered():
    world = make_world()
    client = world.client()
    client.get("/api/things", headers=basic(SLIP, user="ada-the-admin"))
    client.post("/mcp", headers=bearer(SLIP))
    client.get(f"/api/things?access_token={SLIP}")

    told = json.dumps([asdict(row) for row in world.audit.strangers], default=str)

    assert len(world.audit.strangers) == 3
    for secret in (SLIP, "ada-the-admin", basic(SLIP)["Authorization"]):
        assert secret not in told


def test_a_right_credential_is_no_refusal():
    world = make_world()

    world.client().get("/api/things", headers=basic(BLUE_PASSWORD))

    assert world.audit.strangers == []


@pytest.mark.parametrize(
    ("toml", "host", "team"),
    [
        (TWO_TEAMS, "localhost:8000", ""),
        (HOSTNAMES, "blue.example.com:8000", "1"),
        (HOSTNAMES, "localhost:8000", ""),
    ],
)
def test_a_stranger_is_the_teams_that_can_be_meant_alone(toml, host, team):
    world = make_world(toml)

    world.client().get("/api/things", headers={"Host": host, **basic(SLIP)})

    assert [row.actor.team for row in world.audit.strangers] == [team]


def test_a_browsers_first_request_without_a_password_is_no_event():
    world = make_world(ONE_TEAM)
    answer = world.client().get("/", headers={"Accept": "text/html"})

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")
    assert world.audit.strangers == []
    assert world.client().get("/", headers=basic("wrong")).status_code == 401
    assert [row.operation for row in world.audit.strangers] == ["sign_in"]


def test_refused_calls_of_an_anonymous_caller_are_counted_and_mutations_are_not():
    world = make_world(OPEN)
    client = world.client()

    client.post("/api/things", json={"nonsense": 1})
    client.post("/api/things", json={"name": "lamp"})

    assert [str(row.outcome) for row in world.audit.counted] == ["invalid"]
    assert world.audit.outcomes == [("create_thing", "invalid"), ("create_thing", "ok")]


def test_reads_and_refusals_of_an_authenticated_caller_are_counted():
    world = make_world()
    client = world.client()
    headers = basic(BLUE_PASSWORD)

    client.get("/api/things", headers=headers)
    client.get("/api/things?nonsense=1", headers=headers)
    client.post("/api/things", json={"name": "lamp"}, headers=headers)

    counted = [(row.operation, str(row.outcome)) for row in world.audit.counted]
    assert counted == [("list_things", "ok"), ("list_things", "invalid")]
    assert world.audit.outcomes == [
        ("list_things", "ok"),
        ("list_things", "invalid"),
        ("create_thing", "ok"),
    ]


def test_a_face_audits_an_authenticated_caller_at_once():
    world = make_world()
    ada = Actor("1", ActorKind.OAUTH, "ada", subject_id="4711")

    with world.app.test_request_context("/auth/callback", base_url=BASE_URL):
        record("oauth_sign_in", ada, "ok", {"client": "Claude"})
        record("oauth_consent_denied", None, Kind.FORBIDDEN)

    (row,) = world.audit.rows
    assert (row.operation, row.actor, row.face) == ("oauth_sign_in", ada, "oauth")
    assert row not in world.audit.counted
    assert [row.operation for row in world.audit.strangers] == ["oauth_consent_denied"]


def test_every_address_of_a_face_is_that_faces():
    world = make_world()
    faces = {
        "/mcp/sale": "mcp",
        "/api/things": "rest",
        "/token": "oauth",
        "/.well-known/oauth-protected-resource": "oauth",
        "/environments/sale": "dashboard",
        "/": "dashboard",
    }
    for path in faces:
        with world.app.test_request_context(path, base_url=BASE_URL):
            record("sign_in", None, Kind.UNAUTHENTICATED)

    assert [row.face for row in world.audit.strangers] == list(faces.values())
