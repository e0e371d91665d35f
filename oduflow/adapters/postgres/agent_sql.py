"""SQL of callers: reads as a role that can only read, writes as the environment's own.

The database's content is not trusted, and neither is the statement. A read has two barriers: its
role may select and nothing else, and its transaction is READ ONLY, which PostgreSQL keeps up once
the statement has begun (`SET TRANSACTION` must come before any query). Each call has a session of
its own, so that nothing that a statement sets outlives it.
"""

from collections.abc import Callable
from pathlib import Path

import psycopg
from psycopg import errors as pg

from oduflow.adapters.postgres import readers
from oduflow.adapters.postgres.config import PORT
from oduflow.adapters.postgres.connection import (
    Endpoint,
    Entrance,
    Session,
    never,
    open_admin,
    open_reader,
    open_tenant,
)
from oduflow.adapters.postgres.odoo_signals import signal_caches
from oduflow.adapters.postgres.statements import (
    StatementFailed,
    read_rows,
    refusals,
    write_rows,
)
from oduflow.domain.errors import Cancelled, QuotaReached, UpstreamFailed
from oduflow.domain.sql import SqlRows, SqlWritten

READ_SECONDS = 30.0
WRITE_SECONDS = 300.0
LOCK_SECONDS = 10.0  # an upgrade may hold a table for longer
_RETURNED = 100  # rows of a statement that writes
_FORBIDDEN = "42501"  # insufficient_privilege
_READING = "read the database"
_WRITING = "run the statement"
_WROTE = "SELECT pg_catalog.pg_current_xact_id_if_assigned() IS NOT NULL"


class AgentSql:
    """Runs statements of callers in one environment's database.

    Args:
        socket_dir: folder of the host with the server's socket.
        admin_password: the superuser's.
        database: the environment's; its owner has the same name.
        password: the owner's.
        reader_password: of the role that only reads.
        entrance: prepares the owner for signing in; see `Cluster.entrance`.
        port: part of the socket's name.
        read_seconds: how long one read may take.
    """

    def __init__(
        self,
        *,
        socket_dir: Path,
        admin_password: Callable[[], str],
        database: str,
        password: str,
        reader_password: str,
        entrance: Entrance,
        port: int = PORT,
        read_seconds: float = READ_SECONDS,
    ) -> None:
        self._endpoint = Endpoint(socket_dir, port)
        self._admin_password = admin_password
        self._database = database
        self._password = password
        self._reader_password = reader_password
        self._entrance = entrance
        self._read_seconds = read_seconds

    def read(self, sql: str, *, limit: int, offset: int = 0, explain: bool = False) -> SqlRows:
        """Run one statement without the right to write, and return some of its rows.

        Args:
            sql: the statement, in tables of the schema `public`.
            limit: how many rows at most.
            offset: how many of its rows to skip.
            explain: whether to return its plan with times in place of its rows.

        Raises:
            StatementFailed: PostgreSQL refused it, it writes, or it took too long.
            QuotaReached: a value is too large.
            Busy: definitions of tables are being changed.
        """
        if explain:
            sql = f"EXPLAIN (ANALYZE, BUFFERS)\n{sql}"
        with open_admin(self._endpoint, self._admin_password(), _READING) as admin:
            readers.ensure(admin, self._database, self._reader_password)
        try:
            return self._read(sql, limit, offset)
        except StatementFailed as refused:
            if refused.sqlstate != _FORBIDDEN:
                raise
        self._allow()  # perhaps a table that no caller has read yet
        return self._read(sql, limit, offset)

    def write(self, sql: str, *, cancelled: Callable[[], bool] = never) -> SqlWritten:
        """Run one statement as the environment's role, commit it, and tell Odoo's caches.

        Args:
            sql: the statement.
            cancelled: asked twice a second whether to stop, which changes nothing.

        Raises:
            StatementFailed: PostgreSQL refused it; nothing was changed.
            Locked: another session holds a lock for too long; nothing was changed.
            Cancelled: `cancelled` returned true.
            UpstreamFailed: the connection ended at the commit, so that its end is not known.
        """
        with open_tenant(
            self._endpoint,
            self._database,
            self._database,
            self._password,
            _WRITING,
            entrance=self._entrance,
            seconds=WRITE_SECONDS,
            cancelled=cancelled,
        ) as session:
            _begin(session, "READ WRITE")
            tag, affected, returned = write_rows(session, sql, limit=_RETURNED)
            wrote = bool(session.run(_WROTE)[0][0])
            signalled = signal_caches(session) if wrote else ()
            if cancelled():
                raise Cancelled("Stopped on request.")
            session.cancelled = never  # a commit is not stopped half-way
            _commit(session, sql)
        return SqlWritten(tag, affected, wrote, signalled, returned)

    def _read(self, sql: str, limit: int, offset: int) -> SqlRows:
        with open_reader(
            self._endpoint,
            self._database,
            self._reader_password,
            _READING,
            seconds=self._read_seconds,
        ) as session:
            _begin(session, "READ ONLY")
            return read_rows(session, sql, limit=limit, offset=offset)

    def _allow(self) -> None:
        with open_tenant(
            self._endpoint,
            self._database,
            self._database,
            self._password,
            _READING,
            entrance=self._entrance,
        ) as owner:
            readers.allow(owner)


def _begin(session: Session, mode: str) -> None:
    session.run(f"SET lock_timeout = '{int(LOCK_SECONDS * 1000)}ms'")
    session.run(f"BEGIN TRANSACTION {mode}")


def _commit(session: Session, sql: str) -> None:
    try:
        with refusals(sql):
            session.run("COMMIT")
    except (psycopg.Error, QuotaReached) as cause:
        ended = pg.AdminShutdown | pg.CrashShutdown
        told = cause.sqlstate if isinstance(cause, psycopg.Error) else None
        if told is not None and not isinstance(cause, ended):
            raise  # PostgreSQL said that it was not committed
        raise UpstreamFailed(
            "The connection ended while the statement was committed, so its end is not known.",
            "Read the rows that it was about, and run it again if they are unchanged.",
        ) from cause
