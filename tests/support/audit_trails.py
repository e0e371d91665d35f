"""Audit trails on a real store in a folder, and ways to tamper with them."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from oduflow.adapters.store import AuditLog, Store
from oduflow.domain.audit.chain import SealedRow, Sealer
from oduflow.domain.audit.rows import AuditRow
from oduflow.domain.audit.view import ReadAudit
from tests.support.store_rows import audit_row

KEY = "key-outside-the-store"
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def open_log(store: Store, key: str = KEY, **given: Any) -> AuditLog:
    """Open the trail beside a store."""
    return AuditLog(store, store.path.parent / "audit", lambda: key, **given)


def rows_of(log: AuditLog, team: str = "1", **asked: Any) -> list[AuditRow]:
    """Read a team's rows, newest first."""
    return [found.row for found in log.find(team, ReadAudit(**asked))]


def written(log: AuditLog, count: int) -> None:
    """Append rows, each in a transaction of its own."""
    for number in range(count):
        log.append(audit_row(operation=f"o{number}"))


def sql(path: Path, *statements: str) -> None:
    """Run statements on the store's file, without the sealing key."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def sealing_with(key: str) -> Callable[[tuple[Any, ...], str], str]:
    """Seal as the trail does, with another key."""

    def seal(row: tuple[Any, ...], previous: str) -> str:
        number, time, team, canonical = row
        return Sealer(key).seal(SealedRow(number, time, team, canonical, previous, None))

    return seal


def forge(path: Path, first: int, sealed_by: Callable[[tuple[Any, ...], str], str]) -> None:
    """Seal every row from a number on again, with a guessed key."""
    with closing(sqlite3.connect(path)) as connection, connection:
        query = "SELECT number, time, team, canonical FROM audit WHERE number >= ? ORDER BY number"
        before = "SELECT seal FROM audit WHERE number = ?"
        (previous,) = connection.execute(before, (first - 1,)).fetchone()
        for row in connection.execute(query, (first,)).fetchall():
            seal = sealed_by(row, previous)
            change = "UPDATE audit SET previous = ?, seal = ? WHERE number = ?"
            connection.execute(change, (previous, seal, row[0]))
            previous = seal
