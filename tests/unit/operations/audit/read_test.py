"""read_audit over REST, on a real store."""

import pytest

from oduflow.domain.access import Actor, ActorKind, Permission, Tier
from oduflow.domain.audit.view import ReadAudit
from oduflow.domain.errors import Forbidden, Kind
from oduflow.kernel.call import Call, Origin
from oduflow.kernel.registry import Registry
from oduflow.operations.audit.read import read_audit
from tests.support.audit_trails import open_log
from tests.support.fakes import BLUE_PASSWORD, RED_PASSWORD, TWO_TEAMS, basic, make_world
from tests.support.parts import deps_of
from tests.support.store_rows import audit_row

REGISTRY = Registry.discover("oduflow.operations")
BLUE = basic(BLUE_PASSWORD)
ADA = Actor("1", ActorKind.OAUTH, "ada", subject_id="4711")


def test_a_row_is_shown_whole(world, log):
    log.append(
        audit_row(actor=ADA, fields={"name": "shop"}, outcome=Kind.FORBIDDEN, count=3),
    )

    answer = world.client().get("/api/audit", headers=BLUE)

    (entry,) = answer.json["data"]["entries"]
    assert entry == {
        "number": 1,
        "time": "2026-03-04T05:06:07.890Z",
        "actor": "ada",
        "actor_kind": "oauth",
        "actor_id": "4711",
        "face": "rest",
        "address": "192.0.2.1",
        "operation": "create_environment",
        "fields": {"name": "shop"},
        "outcome": "forbidden",
        "duration_ms": 12,
        "count": 3,
    }


def test_a_team_sees_its_own_rows_only(world, log):
    log.append(audit_row("1", operation="blue"), audit_row("2", operation="red"))
    log.append(audit_row("", operation="servers"))

    assert operations(world, BLUE) == ["blue"]
    assert operations(world, basic(RED_PASSWORD)) == ["red"]


def test_reads_can_be_left_out_but_neither_their_refusals_nor_what_shows_a_secret(world, log):
    log.append(audit_row(operation="list_jobs", outcome="ok"))
    log.append(audit_row(operation="list_jobs", outcome=Kind.FORBIDDEN))
    log.append(audit_row(operation="get_environment_login", outcome="ok"))
    log.append(audit_row(operation="create_environment", outcome="ok"))

    answer = world.client().get("/api/audit?reads=false", headers=BLUE)

    shown = [(row["operation"], row["outcome"]) for row in answer.json["data"]["entries"]]
    assert shown == [
        ("create_environment", "ok"),
        ("get_environment_login", "ok"),
        ("list_jobs", "forbidden"),
    ]


def test_the_audit_is_paged_by_number(world, log):
    log.append(*(audit_row(operation=f"o{number}") for number in range(5)))
    seen, before = [], None
    while True:
        query = {"limit": 2, **({"before": before} if before else {})}
        page = world.client().get("/api/audit", query_string=query, headers=BLUE).json
        seen += [entry["operation"] for entry in page["data"]["entries"]]
        before = page["data"].get("before")
        if before is None:
            break
        assert page["next"][0]["arguments"] == {"before": before}

    assert seen == ["o4", "o3", "o2", "o1", "o0"]


@pytest.mark.parametrize(
    "query",
    [
        "since=soon",
        "since=2026-03-04T00:00:00",
        "limit=0",
        "limit=201",
        "before=0",
        "actor=",
        "actor=" + "x" * 201,
    ],
)
def test_what_makes_no_sense_is_refused(world, query):
    assert world.client().get(f"/api/audit?{query}", headers=BLUE).status_code == 422


def test_times_are_read_with_their_offset(world, log):
    log.append(audit_row())  # at 05:06:07.890123Z
    query = {"since": "2026-03-04T07:06:07+02:00", "until": "2026-03-04T05:06:08Z"}

    found = world.client().get("/api/audit", query_string=query, headers=BLUE).json

    assert len(found["data"]["entries"]) == 1


def test_read_audit_needs_the_administrators_tier(world):
    reader = Actor("1", ActorKind.GRANT, "ci", frozenset(Tier) - {Tier.ADMIN})
    assert Permission.AUDIT_ADMIN.tier is Tier.ADMIN

    with pytest.raises(Forbidden):
        world.runner.call("read_audit", {}, reader, Origin("mcp"))

    assert world.audit.outcomes == [("read_audit", "forbidden")]


def test_a_grant_bound_to_environments_never_reads_it(log):
    log.append(audit_row())
    bound = Actor("1", ActorKind.GRANT, "ci", frozenset(Tier), environments=frozenset({"e1"}))

    with pytest.raises(Forbidden, match="team as a whole"):
        read_audit(deps_of(audit=log), Call(bound, Origin("mcp")), ReadAudit())


def test_reading_it_is_a_row_each_time(world):
    for _ in range(2):
        world.client().get("/api/audit?actor=ada", headers=BLUE)

    assert world.audit.outcomes == [("read_audit", "ok")] * 2
    assert world.audit.counted == []


def operations(world, headers):
    page = world.client().get("/api/audit", headers=headers).json
    return [entry["operation"] for entry in page["data"]["entries"]]


@pytest.fixture
def log(store):
    return open_log(store)


@pytest.fixture
def world(log):
    return make_world(TWO_TEAMS, operations=REGISTRY, deps=deps_of(audit=log))
