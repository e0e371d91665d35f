"""Run one statement of a caller in an open session, and read its rows within limits.

The extended protocol accepts one statement at a time: `select 1; drop table x` is refused as a
whole (PostgreSQL manual, “Extended Query”). A prepared statement uses it, also without parameters.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from math import isfinite

import psycopg
from psycopg import errors as pg
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult

from oduflow.adapters.postgres.connection import Session
from oduflow.domain.comparison.changes import clean
from oduflow.domain.errors import Invalid, QuotaReached
from oduflow.domain.sql import SqlRows, SqlValue

MOST_CHARACTERS = 4 << 20  # of all values of one answer
_ONLY_READS = "This operation only reads; another one runs statements that write."
_SHOWN = 2_000  # characters of each part of PostgreSQL's message
_FETCHED = 200  # rows at once
_FETCHED_CHARACTERS = 256 << 10  # at once: what arrives faster than it is read is counted again
_CURSOR = "oduflow_query"
_DECLARE = f"DECLARE {_CURSOR} NO SCROLL CURSOR FOR\n"
_INTEGERS = frozenset({20, 21, 23, 26})  # int8, int2, int4, oid (pg_type)
_FLOATS = frozenset({700, 701})
_BOOLEAN = 16
# What may precede the first word: blanks, comments and parentheses.
_BEFORE = re.compile(r"(?:\s|\(|--[^\n]*(?:\n|$)|/\*.*?\*/)*", re.DOTALL)
_HAS_ROWS = re.compile(r"(select|with|values|table)\b", re.IGNORECASE)
# The server ends a session of ours, or cannot go on: not the statement's fault.
_OURS = (
    pg.AdminShutdown,
    pg.ConnectionTimeout,
    pg.CrashShutdown,
    pg.DiskFull,
    pg.LockNotAvailable,
    pg.TooManyConnections,
)


class StatementFailed(Invalid):
    """PostgreSQL refused a caller's statement; `output` is its whole message.

    Attributes:
        sqlstate: the error's code (PostgreSQL manual, “PostgreSQL Error Codes”).
    """

    def __init__(self, message: str, hint: str = "", *, sqlstate: str, output: str = "") -> None:
        super().__init__(message, hint, output=output)
        self.sqlstate = sqlstate
        self.argument = "sql"


def read_rows(session: Session, sql: str, *, limit: int, offset: int) -> SqlRows:
    """Run a statement in the session's transaction and return some of its rows.

    Args:
        session: in a transaction.
        sql: one statement.
        limit: how many rows at most.
        offset: how many rows to skip; PostgreSQL does not send them if the statement is a query.

    Raises:
        StatementFailed: PostgreSQL refused it, or it returns no rows.
        QuotaReached: it sends more than fits into memory.
    """
    rows = _Rows()
    if is_query(sql):
        with refusals(sql, len(_DECLARE)):
            execute_one(session, _DECLARE + sql)
            session.run(f"MOVE FORWARD {int(offset)} IN {_CURSOR}")
            _fetch(session, rows, limit + 1)
    else:
        with refusals(sql):
            result = execute_one(session, sql)
        if not result.nfields:
            raise StatementFailed(
                "The statement returns no rows, so there is nothing to read.",
                _ONLY_READS,
                sqlstate="",
            )
        rows.add(result, offset, limit + 1)
    return rows.first(limit)


def is_query(sql: str) -> bool:
    """Whether a statement can be read through a cursor; EXPLAIN and SHOW cannot."""
    before = _BEFORE.match(sql)
    return before is not None and _HAS_ROWS.match(sql, before.end()) is not None


def write_rows(session: Session, sql: str, *, limit: int) -> tuple[str, int | None, SqlRows]:
    """Run a statement in the session's transaction; return its tag, its count and its first rows.

    Raises:
        StatementFailed: PostgreSQL refused it, or it ended the transaction.
    """
    rows = _Rows()
    with refusals(sql):
        result = execute_one(session, sql)
    if session.info.transaction_status is not TransactionStatus.INTRANS:
        raise StatementFailed(
            "The statement ends the transaction that it runs in, and changed nothing.",
            "Every statement is committed by itself: leave BEGIN, COMMIT and ROLLBACK out.",
            sqlstate="",
        )
    rows.add(result, 0, limit + 1)
    tag = (result.command_status or b"").decode()
    return tag, result.command_tuples, rows.first(limit)


def execute_one(session: Session, sql: str) -> PGresult:
    """Run one statement by the extended protocol; several, or none, are refused."""
    session.prepare_threshold = 0  # without it psycopg never prepares
    result = session.execute(sql.encode(), prepare=True).pgresult
    if result is None or result.status == ExecStatus.EMPTY_QUERY:
        raise StatementFailed("There is no statement.", "Write one.", sqlstate="")
    return result


@contextmanager
def refusals(sql: str, added: int = 0) -> Iterator[None]:
    """Raise `StatementFailed` in place of the errors that the statement is the reason of.

    Args:
        sql: the caller's.
        added: how many characters of ours precede it in what was sent.
    """
    try:
        yield
    except _OURS:
        raise
    except QuotaReached as cause:
        raise QuotaReached(
            "The statement sends more than fits into memory, and was stopped.",
            "Ask for fewer or shorter values, such as left(column, 1000).",
        ) from cause
    except pg.QueryCanceled as cause:
        raise StatementFailed(
            "The statement took too long and was stopped.",
            "Narrow it, or look at its plan with EXPLAIN, which does not run it.",
            sqlstate=cause.sqlstate or "",
        ) from cause
    except pg.OutOfMemory as cause:
        if "shared memory" in str(cause):  # of locks, which all sessions fill
            raise
        raise StatementFailed(
            "The statement needs more memory than one may take.",
            "Ask for fewer or shorter values, such as left(column, 1000).",
            sqlstate=cause.sqlstate or "",
        ) from cause
    except psycopg.Error as cause:
        is_connection = isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError)
        if cause.sqlstate is None and is_connection:
            raise
        raise _refused(cause, sql, added) from cause


class _Rows:
    """Rows of one statement as they arrive; stops before they take too much memory."""

    def __init__(self) -> None:
        self.columns: tuple[str, ...] = ()
        self.values: list[tuple[SqlValue, ...]] = []
        self.is_full = False
        self._size = 0

    def add(self, result: PGresult, start: int, most: int) -> None:
        """Add rows of a result from `start` on, until there are `most`."""
        if not self.columns:
            names = (result.fname(column) or b"" for column in range(result.nfields))
            self.columns = tuple(_text(name) for name in names)
        for number in range(start, result.ntuples):
            if len(self.values) >= most:
                return
            row = tuple(_value(result, number, column) for column in range(result.nfields))
            self._size += sum(len(value) for value in row if isinstance(value, str))
            if self.values and self._size > MOST_CHARACTERS:
                self.is_full = True
                return
            self.values.append(row)

    def fitting(self, characters: int) -> int:
        """Return how many rows of the size of those until now have so many characters."""
        return max(1, characters * len(self.values) // max(1, self._size))

    def first(self, limit: int) -> SqlRows:
        """Return the first rows, and whether there are more."""
        more = self.is_full or len(self.values) > limit
        return SqlRows(self.columns, tuple(self.values[:limit]), more)


def _fetch(session: Session, rows: _Rows, most: int) -> None:
    """Fetch rows, few at once: each may be large, and all of an answer is in memory."""
    while len(rows.values) < most and not rows.is_full:
        wanted = min(rows.fitting(_FETCHED_CHARACTERS), _FETCHED, most - len(rows.values))
        result = session.execute(f"FETCH FORWARD {wanted} FROM {_CURSOR}".encode()).pgresult
        if result is None:
            return
        rows.add(result, 0, most)
        if result.ntuples < wanted:
            return


def _value(result: PGresult, row: int, column: int) -> SqlValue:
    found = result.get_value(row, column)
    if found is None:
        return None
    text, kind = _text(found), result.ftype(column)
    if kind == _BOOLEAN:
        return text == "t"
    if kind in _INTEGERS:
        return int(text)
    if kind in _FLOATS and isfinite(number := float(text)):
        return number
    return text


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _refused(cause: psycopg.Error, sql: str, added: int) -> StatementFailed:
    """Return PostgreSQL's message with its details and the place in the statement."""
    said = cause.diag
    primary = clean(" ".join((said.message_primary or str(cause)).split()))[:_SHOWN]
    parts = {
        "DETAIL": said.message_detail,
        "HINT": said.message_hint,
        "CONTEXT": said.context,
    }
    lines = [
        f"ERROR {cause.sqlstate or ''}: {primary}",
        *_place(sql, int(said.statement_position or 0) - added),
        *(f"{name}: {text[:_SHOWN]}" for name, text in parts.items() if text),
    ]
    message = f"PostgreSQL refused the statement: {primary}."
    hint = _ONLY_READS if isinstance(cause, pg.ReadOnlySqlTransaction) else ""
    return StatementFailed(message, hint, sqlstate=cause.sqlstate or "", output="\n".join(lines))


def _place(sql: str, position: int) -> Iterator[str]:
    """Yield the line that an error is in, and a mark below the place."""
    if 0 < position <= len(sql) + 1:
        before = sql[: position - 1]
        start = before.rfind("\n") + 1
        line, column = sql[start:].partition("\n")[0], position - 1 - start
        first = max(0, column - 100)
        label = f"LINE {before.count(chr(10)) + 1}: "
        yield label + line[first : first + 200]
        yield " " * (len(label) + column - first) + "^"
