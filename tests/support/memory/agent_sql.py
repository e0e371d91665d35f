"""Statements of callers in a database in memory: a few forms of SQL."""

import re
from collections.abc import Callable

from oduflow.adapters.postgres.connection import never
from oduflow.adapters.postgres.names import reader_of
from oduflow.adapters.postgres.statements import StatementFailed
from oduflow.domain.errors import Cancelled
from oduflow.domain.sql import SqlRows, SqlWritten
from tests.support.memory.postgres import MemoryPostgres, MemoryTenant

_SERIES = re.compile(r"select generate_series\((\d+), (\d+)\) as (\w+)", re.IGNORECASE)
_TEXT = re.compile(r"select repeat\('(.)', (\d+)\) as (\w+)", re.IGNORECASE)
_WRITES = re.compile(r"(insert|update|delete|create|drop)\b", re.IGNORECASE)


class MemoryAgentSql:
    """Has the methods of `adapters.postgres.agent_sql.AgentSql`."""

    def __init__(
        self, postgres: MemoryPostgres, database: str, password: str, reader_password: str
    ) -> None:
        self._postgres = postgres
        self._database = database
        self._password = password
        self._reader_password = reader_password

    def read(self, sql: str, *, limit: int, offset: int = 0, explain: bool = False) -> SqlRows:
        self._enter()
        self._postgres.reading.setdefault(reader_of(self._database), self._reader_password)
        if _WRITES.match(sql):
            raise _refused("cannot write in a read-only transaction", "25006")
        if explain:
            return SqlRows(("QUERY PLAN",), (("Result",),))
        if found := _SERIES.fullmatch(sql):
            numbers = range(int(found[1]), int(found[2]) + 1)
            rows = tuple((number,) for number in numbers[offset : offset + limit])
            return SqlRows((found[3],), rows, more=len(numbers) > offset + limit)
        if found := _TEXT.fullmatch(sql):
            return SqlRows((found[3],), ((found[1] * int(found[2]),),))
        raise _refused(f"syntax error in {sql}", "42601")

    def write(self, sql: str, *, cancelled: Callable[[], bool] = never) -> SqlWritten:
        self._enter()
        if cancelled():
            raise Cancelled("Stopped on request.")
        if not _WRITES.match(sql):
            found = self.read(sql, limit=100)
            return SqlWritten(
                f"SELECT {len(found.rows)}", len(found.rows), wrote=False, returned=found
            )
        self._postgres.statements.append(sql)
        return SqlWritten("UPDATE 1", 1, wrote=True, signalled=("orm_signaling_default",))

    def _enter(self) -> None:
        MemoryTenant(self._postgres, self._database, self._password).enter()


def _refused(reason: str, code: str) -> StatementFailed:
    return StatementFailed(
        f"PostgreSQL refused the statement: {reason}.", sqlstate=code, output=f"ERROR {code}"
    )
