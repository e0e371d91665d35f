"""A session of the superuser that stays open, and can act while the lock table is full.

A full table refuses every sign-in, because it takes locks on the catalogs that all databases share.
A session that signed in before cannot act either: who makes thousands of tables also bars the fast
path, by which ordinary locks stay outside the table. So this session's transaction is never ended,
and holds the lock of every catalog that a statement could look into.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic

import psycopg
from psycopg.rows import TupleRow
from psycopg.sql import SQL

from oduflow.adapters.postgres.connection import Endpoint, Session, open_kept
from oduflow.adapters.postgres.errors import translated

_SECONDS = 10.0
_END_MS = 5000  # for the rollback of thousands of tables
_CATALOGS = """
    SELECT oid::regclass::text FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'pg_catalog'::regnamespace
"""
_MOST = """
    SELECT pid, count(*) AS held FROM pg_lock_status() WHERE pid <> pg_backend_pid()
    GROUP BY pid ORDER BY held DESC LIMIT 1
"""
_END = "SELECT pg_terminate_backend(%s::int, %s)"


@dataclass(slots=True)
class Guard:
    """Ends the session that holds most locks; used by one thread at a time.

    It reads no catalog between its statements, and keeps no transaction ids of others.
    """

    endpoint: Endpoint
    password: Callable[[], str]
    _session: Session | None = field(default=None, init=False)

    def keep(self) -> None:
        """Open the session unless it is open.

        Raises:
            Failure: as `errors.translated` lists them.
        """
        if self._session is not None:
            with suppress(psycopg.Error):
                self._run(self._session, "SELECT 1")
                return
        self.close()
        with translated("keep a session for emergencies"):
            session = open_kept(self.endpoint, self.password(), _SECONDS)
            try:
                session.run("BEGIN")
                for (catalog,) in session.run(_CATALOGS):
                    # The planner locks a table's indexes too.
                    session.run(SQL("SELECT FROM {} LIMIT 0").format(SQL(catalog)))
            except BaseException:
                session.close()
                raise
        self._session = session

    def end_hoarder(self) -> int:
        """End the session that holds most locks; return how many, 0 when it cannot be ended."""
        if self._session is None:
            return 0
        try:
            found = self._run(self._session, _MOST)
            if not found:
                return 0
            ((process, held),) = found
            self._run(self._session, _END, process, _END_MS)
        except psycopg.Error:
            self.close()
            return 0
        return int(held)

    def close(self) -> None:
        """Close the session."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def __del__(self) -> None:
        """Close the session without a warning: it lives as long as its process."""
        self.close()

    @staticmethod
    def _run(session: Session, statement: str, *values: object) -> list[TupleRow]:
        session.deadline = monotonic() + _SECONDS
        return session.run(statement, *values)
