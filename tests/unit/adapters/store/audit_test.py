import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from oduflow.adapters.store import AuditLog
from oduflow.adapters.store.tables import audit
from oduflow.domain.audit import AuditRow
from oduflow.domain.errors import Kind
from tests.support.store_rows import actor

MOMENT = datetime(2026, 3, 4, 5, 6, 7, 890000, tzinfo=UTC)


@pytest.mark.parametrize("outcome", ["ok", Kind.FORBIDDEN])
def test_a_row_comes_back_as_it_went_in(store, outcome):
    log = AuditLog(store)
    row = entry(
        outcome=outcome, fields={"name": "sale", "modules": ["crm"], "branch": "ünï\ncode\x00"}
    )

    log.append(row)

    assert log.latest("1", 10) == (row,)


def test_a_kind_comes_back_as_a_kind(store):
    log = AuditLog(store)
    log.append(entry(outcome=Kind.BUSY))
    log.append(entry(outcome="ok"))

    assert [type(row.outcome) for row in log.latest("1", 10)] == [str, Kind]


def test_the_latest_are_the_teams_own_newest_first(store):
    log = AuditLog(store)
    for number in range(5):
        log.append(entry(operation=f"o{number}"))
        log.append(entry(team="2", operation="others"))

    assert [row.operation for row in log.latest("1", 3)] == ["o4", "o3", "o2"]


def test_a_number_is_never_used_twice(store):
    log = AuditLog(store)
    log.append(entry())
    log.append(entry())
    with store.write() as connection:
        connection.execute(text("DELETE FROM audit"))

    log.append(entry())

    with store.read() as connection:
        assert list(connection.scalars(select(audit.c.number))) == [3]


def test_the_text_is_canonical(store):
    AuditLog(store).append(entry(fields={"b": 1, "a": "ü"}))

    with store.read() as connection:
        written = connection.scalar(select(audit.c.canonical))

    assert written == json.dumps(json.loads(written), sort_keys=True, separators=(",", ":"))
    assert written.isascii()


def test_one_moment_has_one_text_in_every_time_zone(store):
    elsewhere = MOMENT.astimezone(timezone(timedelta(hours=9)))
    for moment in (MOMENT, elsewhere):
        AuditLog(store).append(entry(time=moment))

    with store.read() as connection:
        assert len(set(connection.scalars(select(audit.c.canonical)))) == 1


def test_a_field_that_json_lacks_does_not_lose_the_row(store):
    log = AuditLog(store)

    log.append(entry(fields={"path": Path("a/b")}))

    assert log.latest("1", 1)[0].fields == {"path": "a/b"}


def entry(team: str = "1", **given: Any) -> AuditRow:
    values: dict[str, Any] = {
        "time": MOMENT,
        "actor": actor(team),
        "face": "rest",
        "address": "192.0.2.1",
        "operation": "create_environment",
        "fields": {},
        "outcome": "ok",
        "duration_ms": 12,
    }
    return AuditRow(**values | given)
