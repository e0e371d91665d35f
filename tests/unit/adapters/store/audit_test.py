import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from oduflow.adapters.store.tables import audit
from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.errors import Kind
from tests.support.audit_trails import open_log, rows_of
from tests.support.store_rows import audit_row

MOMENT = datetime(2026, 3, 4, 5, 6, 7, 890000, tzinfo=UTC)


@pytest.mark.parametrize("outcome", ["ok", Kind.FORBIDDEN])
def test_a_row_comes_back_as_it_went_in(store, outcome):
    log = open_log(store)
    row = audit_row(
        time=MOMENT,
        outcome=outcome,
        fields={"name": "sale", "modules": ["crm"], "branch": "ünï\ncode\x00"},
    )

    log.append(row)

    assert rows_of(log) == [row]


def test_a_kind_comes_back_as_a_kind(store):
    log = open_log(store)
    log.append(audit_row(outcome=Kind.BUSY))
    log.append(audit_row(outcome="ok"))

    assert [type(row.outcome) for row in rows_of(log)] == [str, Kind]


def test_the_latest_are_the_teams_own_newest_first(store):
    log = open_log(store)
    for number in range(5):
        log.append(audit_row(operation=f"o{number}"))
        log.append(audit_row(team="2", operation="others"))

    assert [row.operation for row in rows_of(log, limit=3)] == ["o4", "o3", "o2"]


def test_a_number_is_never_used_twice(store):
    log = open_log(store)
    log.append(audit_row())
    log.append(audit_row())
    with store.write() as connection:
        connection.execute(text("DELETE FROM audit"))

    log.append(audit_row())

    with store.read() as connection:
        assert list(connection.scalars(select(audit.c.number))) == [3]


def test_the_text_is_canonical(store):
    open_log(store).append(audit_row(fields={"b": 1, "a": "ü"}))

    with store.read() as connection:
        written = connection.scalar(select(audit.c.canonical))

    assert written == json.dumps(json.loads(written), sort_keys=True, separators=(",", ":"))
    assert written.isascii()


def test_one_moment_has_one_text_in_every_time_zone(store):
    elsewhere = MOMENT.astimezone(timezone(timedelta(hours=9)))
    for moment in (MOMENT, elsewhere):
        open_log(store).append(audit_row(time=moment))

    with store.read() as connection:
        assert len(set(connection.scalars(select(audit.c.canonical)))) == 1


def test_a_field_that_json_lacks_does_not_lose_the_row(store):
    log = open_log(store)

    log.append(audit_row(fields={"path": Path("a/b")}))

    assert rows_of(log)[0].fields == {"path": "a/b"}


def test_the_text_holds_what_stays_when_the_actor_is_renamed(store):
    log = open_log(store)
    ada = Actor("1", ActorKind.OAUTH, "ada", subject_id="4711", environments=frozenset({"e1"}))
    log.append(audit_row(actor=ada))

    assert rows_of(log)[0].actor == ada
    with store.read() as connection:
        written = json.loads(connection.scalar(select(audit.c.canonical)))
    assert written["actor"]["subject_id"] == "4711"


def test_a_url_is_never_written_with_who_signs_in(store):
    log = open_log(store)
    urls = ["https://ghp_0123@github.com/a.git", "https://u:p@host/"]
    log.append(audit_row(fields={"branch": urls[0], "modules": urls}))

    with store.read() as connection:
        written = connection.scalar(select(audit.c.canonical))
    assert "ghp_0123" not in written
    assert "u:p" not in written


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, ["d", "c", "b", "a"]),
        ({"actor": "ada"}, ["c", "a"]),
        ({"face": "mcp"}, ["c"]),
        ({"operation": "b"}, ["b"]),
        ({"outcome": "forbidden"}, ["b"]),
        ({"since": MOMENT + timedelta(seconds=1)}, ["d", "c", "b"]),
        ({"until": MOMENT + timedelta(seconds=2)}, ["b", "a"]),
        ({"limit": 2}, ["d", "c"]),
        ({"limit": 2, "before": 3}, ["b", "a"]),
        ({"actor": "ada", "face": "mcp"}, ["c"]),
        ({"actor": "' OR 1=1"}, []),
    ],
)
def test_what_is_asked_for_is_found_newest_first(store, asked, found):
    log = open_log(store)
    ada = Actor("1", ActorKind.OAUTH, "ada")
    rows: list[dict[str, Any]] = [
        {"operation": "a", "actor": ada},
        {"operation": "b", "outcome": Kind.FORBIDDEN},
        {"operation": "c", "actor": ada, "face": "mcp"},
        {"operation": "d"},
    ]
    for second, given in enumerate(rows):
        log.append(audit_row(time=MOMENT + timedelta(seconds=second), **given))

    assert [row.operation for row in rows_of(log, **asked)] == found
    assert rows_of(log, team="2", **asked) == []
