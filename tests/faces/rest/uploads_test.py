"""The bytes of an upload over HTTP: credentials, offsets, refusals."""

import hashlib
from pathlib import Path

import pytest

from oduflow.domain.access import Actor, ActorKind, Tier
from oduflow.domain.errors import Kind
from oduflow.domain.upload import PART_BYTES
from oduflow.kernel.registry import Registry
from oduflow.services.uploads.receive import UploadReceiver
from tests.support.fakes import (
    BLUE_PASSWORD,
    BLUE_TOKEN,
    RED_TOKEN,
    TWO_TEAMS,
    World,
    basic,
    bearer,
    make_world,
)
from tests.support.memory.process import Process
from tests.support.memory.world import MemoryWorld

REGISTRY = Registry.discover("oduflow.operations")
BLUE = basic(BLUE_PASSWORD)
CONTENT = bytes(range(250)) * 10
PART = {"Content-Type": "application/offset+octet-stream"}


class GrantTokens:
    """Tokens of grants, by their text."""

    def __init__(self, **actors: Actor) -> None:
        self.actors = actors

    def verify(self, token: str, resource: str) -> Actor | None:
        assert resource == "/mcp"
        return self.actors.get(token)


def test_a_file_arrives_in_parts(client, path):
    first = client.patch(path, data=CONTENT[:1000], headers=at(0))
    assert (first.status_code, first.headers["Upload-Offset"]) == (204, "1000")

    asked = client.head(path, headers=BLUE)
    assert (asked.status_code, asked.headers["Upload-Offset"]) == (200, "1000")
    assert asked.headers["Upload-Length"] == "2500"
    assert asked.headers["Cache-Control"] == "no-store"

    client.patch(path, data=CONTENT[1000:], headers=at(1000))
    shown = client.get(path, headers=BLUE).json
    assert (shown["received"], shown["complete"], shown["verified"]) == (2500, True, True)


def test_the_end_is_audited_and_its_parts_are_not(world, client, path):
    before = len(world.audit.rows)
    client.patch(path, data=CONTENT[:1000], headers=at(0))
    client.patch(path, data=CONTENT[1000:], headers=at(1000))

    (row,) = world.audit.rows[before:]
    assert (row.operation, row.outcome, row.face) == ("append_upload", "ok", "rest")
    assert row.fields == {"name": path.removeprefix("/uploads/"), "size": 2500}


def test_another_offset_is_a_conflict_that_names_the_right_one(client, path):
    client.patch(path, data=CONTENT[:1000], headers=at(0))
    answer = client.patch(path, data=CONTENT[:1000], headers=at(0))

    assert (answer.status_code, answer.mimetype) == (409, "application/problem+json")
    assert "begins at 1000" in answer.json["detail"]


@pytest.mark.parametrize("token", [BLUE_TOKEN, "writer"])
def test_a_token_of_the_team_and_a_grant_may_send(client, path, token):
    answer = client.patch(
        path, data=CONTENT, headers={**PART, **bearer(token), "Upload-Offset": "0"}
    )

    assert answer.status_code == 204


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        (basic("wrong-password-000"), 401),
        (bearer("wrong-token-0000000"), 401),
        (bearer("person"), 401),
        (bearer("reader"), 403),
        (bearer("restricted"), 403),
        (bearer(RED_TOKEN), 404),
        ({**BLUE, "Sec-Fetch-Site": "cross-site"}, 403),
        ({**BLUE, "Origin": "https://evil.example"}, 403),
        ({**bearer(BLUE_TOKEN), "Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
def test_others_send_nothing(world, client, path, headers, status):
    answer = client.patch(path, data=CONTENT, headers={**PART, "Upload-Offset": "0", **headers})

    assert answer.status_code == status
    assert client.head(path, headers=BLUE).headers["Upload-Offset"] == "0"


def test_a_refused_part_is_audited(world, client, path):
    client.patch(path, data=CONTENT, headers={**PART, "Upload-Offset": "0", **bearer("reader")})

    assert ("append_upload", str(Kind.FORBIDDEN)) in world.audit.outcomes


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Upload-Offset": ""}, 422),
        ({"Upload-Offset": "-1"}, 422),
        ({"Upload-Offset": "\u0661"}, 422),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Type": "text/plain"}, 415),
    ],
)
def test_a_part_that_is_described_wrongly_is_refused(client, path, headers, status):
    answer = client.patch(path, data=CONTENT, headers=at(0) | headers)

    assert answer.status_code == status


def test_a_part_above_the_limit_is_refused_before_it_is_read(client, path):
    answer = client.patch(path, data=b"x" * (PART_BYTES + 1), headers=at(0))

    assert answer.status_code in {413, 422}


def test_other_methods_and_absent_uploads_are_refused(client, path):
    assert client.post(path, headers=BLUE).status_code == 405
    assert client.options(path, headers=BLUE).status_code == 405
    assert client.head("/uploads/nothing-here", headers=BLUE).status_code == 404


def test_while_the_server_shuts_down_no_part_is_begun(world, client, path):
    world.context.draining.set()
    answer = client.patch(path, data=CONTENT, headers=at(0))

    assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)


def at(offset: int) -> dict[str, str]:
    return {**PART, **BLUE, "Upload-Offset": str(offset)}


@pytest.fixture
def memory(tmp_path: Path):
    made = MemoryWorld(tmp_path)
    yield Process(made)
    made.close()


@pytest.fixture
def world(memory: Process) -> World:
    made = make_world(TWO_TEAMS, operations=REGISTRY, deps=memory.deps)
    work = memory.deps.work
    made.uploads = UploadReceiver(
        *(memory.deps.store.uploads, work.uploads, work.locks),
        lambda _team: None,
        lambda _team: None,
    )
    writer = Actor("1", ActorKind.GRANT, "ci", frozenset({Tier.READ, Tier.WRITE}))
    reader = Actor("1", ActorKind.GRANT, "ci", frozenset({Tier.READ}))
    made.verifiers.append(
        GrantTokens(
            writer=writer,
            reader=reader,
            restricted=Actor("1", ActorKind.GRANT, "ci", environments=frozenset({"e"})),
            person=Actor("1", ActorKind.OAUTH, "octocat"),
        )
    )
    return made


@pytest.fixture
def client(world: World):
    return world.client()


@pytest.fixture
def path(client) -> str:
    body = {"size": len(CONTENT), "sha256": hashlib.sha256(CONTENT).hexdigest()}
    answer = client.post("/api/uploads", json=body, headers=BLUE)
    assert answer.status_code == 201, answer.json
    found: str = answer.json["data"]["path"]
    return found
