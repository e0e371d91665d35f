"""Connections to PostgreSQL; no other module opens one.

The functions for the superuser take no database name: it connects to our own maintenance database
and, rarely, to the one that initdb made and to the source of new ones. A tenant's database is
entered as the tenant's role only.
"""

import fcntl
import termios
from array import array
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any, cast

import psycopg
from psycopg.abc import RV, PQGen
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Composed

from oduflow.adapters.postgres.config import PORT
from oduflow.adapters.postgres.errors import translated
from oduflow.adapters.postgres.names import (
    ADMIN,
    EMPTY,
    FIRST,
    MAINTENANCE,
    SESSION_PATTERN,
    reader_of,
    tenant_name,
)
from oduflow.domain.errors import Cancelled, Invalid, QuotaReached

Entrance = Callable[[str, str], AbstractContextManager[object]]
"""Takes a tenant's role and its password, and prepares the role for signing in."""

SHORT = 30.0
_LONGEST_CONNECT = 10
_SHORTEST_CONNECT = 2  # psycopg accepts no shorter one
_GRACE = 1.0  # lets the server's own time limit come first, whose error says more
_POLL_SECONDS = 0.5  # between two questions whether to stop
_BLOCKED_SECONDS = 1.0  # after which tenants' sessions that may block a statement are looked for
_LOCK_SECONDS = 20.0
_MOST_RECEIVED = 16 << 20  # bytes in one session; what we ask for is far smaller
_CLEANUP_SECONDS = 5.0  # for cleaning up after a stop
_LONGEST_PATH = 107  # bytes of a unix socket's path (unix(7))


def never() -> bool:
    """Never ask to stop."""
    return False


def _leave(_process: int) -> None:
    """End no session."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The server's socket: a folder of the host that is mounted into its container."""

    socket_dir: Path
    port: int = PORT

    def checked(self) -> str:
        """Return the folder for libpq.

        Raises:
            Invalid: the socket's path is longer than the kernel allows.
        """
        path = self.socket_dir / f".s.PGSQL.{self.port}"
        if len(bytes(path)) > _LONGEST_PATH:
            raise Invalid(
                f"The data folder's path is too long for PostgreSQL's socket ({path}).",
                "Choose a data folder with a shorter path.",
            )
        return str(self.socket_dir)


class Session(psycopg.Connection[TupleRow]):
    """A connection in autocommit with a deadline of its own.

    The server's `statement_timeout` is not enough: it does not run in a paused server, and a
    tenant's function may catch the cancellation.

    Attributes:
        deadline: when it ends, by the monotonic clock.
        cancelled: asked about twice a second while the server works.
        end_blockers: called about once a second while the server works, with the session's process.
        received: bytes that the server has sent so far, about.
    """

    deadline: float = 0.0
    cancelled: Callable[[], bool] = staticmethod(never)
    end_blockers: Callable[[int], None] = staticmethod(_leave)
    received: int = 0

    def hurry(self) -> None:
        """Allow a few more seconds for cleaning up, and ignore `cancelled` from now on."""
        self.deadline = min(self.deadline, monotonic() + _CLEANUP_SECONDS)
        self.cancelled = never

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Wait for the server, at most until the deadline.

        Raises:
            Cancelled: `cancelled` returned true; the server may still work on the statement.
        """
        left = max(0.0, self.deadline - monotonic())
        try:
            return super().wait(
                self._asking(gen), interval, left if timeout is None else min(left, timeout)
            )
        except psycopg.OperationalError as cause:
            if cause.sqlstate is None and monotonic() >= self.deadline:
                raise psycopg.errors.ConnectionTimeout("our own time limit") from cause
            raise

    def _asking(self, gen: PQGen[RV]) -> PQGen[RV]:
        """Drive a conversation with the server, and end it when `cancelled` returns true."""
        asked = looked = monotonic()
        try:
            awaited = next(gen)
            while True:
                ready = yield awaited
                self._count_received()
                if monotonic() - asked >= _POLL_SECONDS:
                    asked = monotonic()
                    if self.cancelled():
                        raise Cancelled("Stopped on request.")
                if monotonic() - looked >= _BLOCKED_SECONDS:
                    looked = monotonic()
                    self.end_blockers(self.info.backend_pid)
                awaited = gen.send(ready)
        except StopIteration as end:
            return cast("RV", end.value)

    def _count_received(self) -> None:
        """Refuse an endless answer: libpq keeps all of it, notices included.

        Raises:
            QuotaReached: the server has sent more than any answer of ours has.
        """
        waiting = array("i", [0])
        fcntl.ioctl(self.fileno(), termios.FIONREAD, waiting)
        self.received += waiting[0]
        if self.received > _MOST_RECEIVED:
            raise QuotaReached(
                f"PostgreSQL's answer is longer than {_MOST_RECEIVED >> 20} MiB.",
                "A view or a trigger in the database may raise messages: look at its code.",
            )

    def run(self, statement: str | SQL | Composed, *values: Any) -> list[TupleRow]:
        """Execute one statement and return its rows, if it has any."""
        cursor = self.execute(statement, values or None)
        return cursor.fetchall() if cursor.description else []


@contextmanager
def open_admin(
    endpoint: Endpoint,
    password: str,
    action: str,
    *,
    seconds: float = SHORT,
    cancelled: Callable[[], bool] = never,
) -> Iterator[Session]:
    """Connect to the maintenance database as the superuser.

    Args:
        endpoint: the server's socket.
        password: the superuser's.
        action: completes “PostgreSQL could not …”.
        seconds: how long the whole session may take.
        cancelled: whether to stop.

    Raises:
        Cancelled: `cancelled` returned true.
        Failure: as `errors.translated` lists them.
    """
    with (
        translated(action),
        closing(_connect(endpoint, MAINTENANCE, ADMIN, password, seconds)) as session,
    ):
        session.cancelled = cancelled
        session.end_blockers = partial(_end_blockers, endpoint, password)
        yield session


@contextmanager
def open_first(endpoint: Endpoint, password: str, action: str) -> Iterator[Session]:
    """Connect to the database that initdb made, as the superuser.

    Tenants connect to it for Odoo's bus, but can create nothing in it that could be executed.
    """
    with translated(action), closing(_connect(endpoint, FIRST, ADMIN, password, SHORT)) as session:
        session.end_blockers = partial(_end_blockers, endpoint, password)
        yield session


def open_kept(endpoint: Endpoint, password: str, seconds: float) -> Session:
    """Connect to the maintenance database as the superuser; the caller closes the session.

    Args:
        endpoint: the server's socket.
        password: the superuser's.
        seconds: how long the sign-in, and then one statement, may take.
    """
    return _connect(endpoint, MAINTENANCE, ADMIN, password, seconds)


@contextmanager
def open_empty(endpoint: Endpoint, password: str, action: str) -> Iterator[Session]:
    """Connect to the source of new databases as the superuser, before it is sealed.

    No tenant may enter it.
    """
    with translated(action), closing(_connect(endpoint, EMPTY, ADMIN, password, SHORT)) as session:
        yield session


@contextmanager
def open_tenant(
    endpoint: Endpoint,
    database: str,
    role: str,
    password: str,
    action: str,
    *,
    entrance: Entrance,
    seconds: float = SHORT,
    cancelled: Callable[[], bool] = never,
) -> Iterator[Session]:
    """Connect to a tenant's database as a tenant's role; `entrance` surrounds the sign-in."""
    tenant_name(database), tenant_name(role)
    with translated(action):
        with entrance(role, password):
            session = _connect(endpoint, database, role, password, seconds)
        with closing(session):
            session.cancelled = cancelled
            yield session


@contextmanager
def open_reader(
    endpoint: Endpoint, database: str, password: str, action: str, *, seconds: float
) -> Iterator[Session]:
    """Connect to a tenant's database as the role that only reads it.

    That role cannot change itself, so signing in as it needs no preparation.
    """
    role = reader_of(database)
    with (
        translated(action),
        closing(_connect(endpoint, database, role, password, seconds)) as session,
    ):
        yield session


def _end_blockers(endpoint: Endpoint, password: str, process: int) -> None:
    """End the tenants' sessions that a session of ours waits for; one that idles may do so long."""
    with (
        suppress(psycopg.Error),
        closing(_connect(endpoint, MAINTENANCE, ADMIN, password, SHORT)) as other,
    ):
        other.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid = ANY (pg_blocking_pids(%s)) AND usename ~ %s",
            process,
            SESSION_PATTERN,
        )


def _connect(
    endpoint: Endpoint, database: str, role: str, password: str, seconds: float
) -> Session:
    deadline = monotonic() + seconds + _GRACE
    # Start-up options override the settings that a tenant made with ALTER ROLE or DATABASE … SET.
    schema = "pg_catalog" if role == ADMIN else "public"
    limits = {"statement_timeout": seconds, "lock_timeout": min(seconds, _LOCK_SECONDS)}
    # Neither may a tenant's own “off” undo in a crash what we have already reported as done.
    durable = "-c synchronous_commit=on"
    session = Session.connect(
        host=endpoint.checked(),
        port=endpoint.port,
        dbname=database,
        user=role,
        password=password,
        require_auth="scram-sha-256",
        client_encoding="UTF8",
        application_name="oduflow",
        connect_timeout=max(_SHORTEST_CONNECT, min(_LONGEST_CONNECT, int(seconds))),
        options=" ".join(
            (
                f"-c search_path={schema}",
                durable,
                *(f"-c {name}={int(limit * 1000)}" for name, limit in limits.items()),
            )
        ),
        autocommit=True,
        prepare_threshold=None,
    )
    session.deadline = deadline
    return session
