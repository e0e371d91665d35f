"""The store's file: one SQLite database in WAL mode, shared by server and command line.

A write takes SQLite's one write lock with its first statement (BEGIN IMMEDIATE): the rows it reads
before writing cannot change until it writes, and it waits at its beginning instead of failing
half-way. Writes of one process queue for it, first come, first served. A read sees one snapshot and
blocks no other call.
"""

import sqlite3
import stat
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

from sqlalchemy import (
    Connection,
    Engine,
    Row,
    Select,
    create_engine,
    event,
    inspect,
    text,
)
from sqlalchemy.engine import URL
from sqlalchemy.pool import QueuePool

from oduflow.adapters.store.errors import StoreFull, translated
from oduflow.adapters.store.migrations import HEAD
from oduflow.adapters.store.turns import Turns
from oduflow.domain.errors import Busy, UpstreamFailed

PATIENCE_SECONDS = 10.0
QUEUE_SECONDS = 30.0  # every thread of the server may write at once, and the disk may be slow
KEPT_CONNECTIONS = 8
LASTING = "FULL"  # SQLite's word for a commit that waits for the disk
_PRIVATE = 0o600
_WRITE = "BEGIN IMMEDIATE"
_WAL_RETRY_SECONDS = 0.01
Query = Select[*tuple[Any, ...]]

_NO_VALUES: Mapping[str, Any] = MappingProxyType({})


class Store:
    """One SQLite file, opened when it is first needed and again after `close`.

    Args:
        path: the file; made with mode 0600, its folder with 0700.
        patience: seconds to wait for another process's write before `Busy`.
        on_full: frees disk space when the disk is full; the next write may then succeed.
    """

    def __init__(
        self,
        path: Path,
        *,
        patience: float = PATIENCE_SECONDS,
        on_full: Callable[[], None] = lambda: None,
    ) -> None:
        self.path = path
        self._patience = patience
        self._on_full = on_full
        self._opening = threading.Lock()
        self._turns = Turns()
        self._opened: _Engines | None = None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a transaction that sees one snapshot.

        Raises:
            Failure: as `translated` lists them.
        """
        with translated(), self._engines().reader.connect() as connection:
            yield connection

    def rows(
        self, query: Query, values: Mapping[str, Any] = _NO_VALUES
    ) -> Sequence[Row[*tuple[Any, ...]]]:
        """Run one query, and return its rows.

        SQLAlchemy takes longer to make a query than to run it. So a frequent one is a constant, and
        its parameters (`bindparam`) get their values here. It runs outside a transaction, which
        would double its time: one statement sees one snapshot anyway.

        Args:
            query: the query.
            values: of its parameters, by name.

        Raises:
            Failure: as `translated` lists them.
        """
        with translated(), self._engines().single.connect() as connection:
            return connection.execute(query, values).all()

    @contextmanager
    def write(self, *, lasting: bool = True) -> Iterator[Connection]:
        """Open the one writing transaction; commit at the end, roll back on any exception.

        Args:
            lasting: whether a power cut must not lose it: the commit waits for the disk, and for
                what was written before it. A kill of the process loses nothing in any case.

        Raises:
            Failure: as `translated` lists them.
        """
        writer = self._engines().lasting_writer if lasting else self._engines().writer
        try:
            with self._turn(), translated(), writer.begin() as connection:
                yield connection
        except StoreFull:
            self._on_full()
            raise

    def migrate(self) -> None:
        """Upgrade the schema to this code's, safely beside other processes that do the same.

        Raises:
            Conflict: the store was written by newer code, or before the first release.
            Failure: as `translated` lists them.
        """
        if self._revision() == HEAD:
            return
        from oduflow.adapters.store.upgrade import upgrade  # noqa: PLC0415 - Alembic costs 0.1 s

        with translated(), self._engines().writer.connect() as connection:
            # Rebuilding a table drops the old one, which must not cascade to rows that refer to
            # it (https://sqlite.org/lang_altertable.html, section 7). The switch only works
            # outside a transaction, and this connection never goes back to the pool.
            connection.detach()
            connection.connection.cursor().execute("PRAGMA foreign_keys=OFF").close()
            with connection.begin():
                upgrade(connection)

    def check(self) -> None:
        """Write a constant into the file's header, which proves that the store can be written.

        Raises:
            Failure: why it cannot.
        """
        if self._opened is not None and not self.path.exists():
            raise UpstreamFailed(
                "The store's file was removed while the server had it open.",
                "Stop the server, put the file back from a backup, and start again.",
            )
        with self.write(lasting=False) as connection:
            connection.execute(text("PRAGMA user_version = 1"))

    def close(self) -> None:
        """Close every idle connection; the last one merges the log into the file."""
        with self._opening:
            engines, self._opened = self._opened, None
        if engines is not None:
            engines.single.dispose()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        with ExitStack() as turn:
            try:
                turn.enter_context(self._turns.turn(QUEUE_SECONDS))
            except TimeoutError as late:
                raise Busy(
                    f"The store's other writes took longer than {QUEUE_SECONDS:.0f} seconds.",
                    "Call again in a few seconds.",
                ) from late
            yield

    def _revision(self) -> str | None:
        with self.read() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None
            found = connection.scalar(text("SELECT version_num FROM alembic_version"))
            return None if found is None else str(found)

    def _engines(self) -> "_Engines":
        with self._opening:
            if self._opened is None:
                with translated():
                    _make_private(self.path)
                self._opened = _Engines.of(_open(self.path, self._patience))
            return self._opened


@dataclass(frozen=True, slots=True)
class _Engines:
    """One pool of connections, used in four ways.

    An engine for each, because a listener that does nothing takes time, too.

    Attributes:
        single: begins no transaction.
        reader: begins one that sees one snapshot.
        writer: begins the one writing transaction, of which a power cut may lose the last ones.
        lasting_writer: begins the same, whose commit waits for the disk.
    """

    single: Engine
    reader: Engine
    writer: Engine
    lasting_writer: Engine

    @classmethod
    def of(cls, single: Engine) -> Self:
        """Add the three that begin transactions."""
        # With NORMAL the log is synced at checkpoints alone; the mode changes outside of
        # transactions only (https://sqlite.org/pragma.html#pragma_synchronous).
        return cls(
            single,
            reader=_beginning(single, "BEGIN"),
            writer=_beginning(single, "PRAGMA synchronous=NORMAL", _WRITE),
            lasting_writer=_beginning(single, f"PRAGMA synchronous={LASTING}", _WRITE),
        )


def _beginning(single: Engine, *statements: str) -> Engine:
    engine = Engine(single.pool, single.dialect, single.url, hide_parameters=True)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        for statement in statements:
            connection.exec_driver_sql(statement)

    return engine


def _make_private(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        path.touch(mode=_PRIVATE, exist_ok=False)
    except FileExistsError:
        # By path, never by descriptor: closing one of our own on this file would drop the
        # locks of every connection in this process (https://sqlite.org/howtocorrupt.html, 2.2).
        if stat.S_IMODE(path.stat().st_mode) != _PRIVATE:
            path.chmod(_PRIVATE)


def _open(path: Path, patience: float) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        # None: the driver begins no transaction by itself; `_begin` above does.
        connect_args={"timeout": patience, "isolation_level": None},
        poolclass=QueuePool,
        pool_size=KEPT_CONNECTIONS,
        max_overflow=-1,
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: sqlite3.Connection, _record: object) -> None:
        _use_wal(connection, patience)
        connection.execute("PRAGMA foreign_keys=ON").close()

    return engine


def _use_wal(connection: sqlite3.Connection, patience: float) -> None:
    # Two processes that switch a new file to WAL together get “locked” at once (seen): SQLite's
    # own busy timeout does not cover the change of mode.
    deadline = time.monotonic() + patience
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").close()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(_WAL_RETRY_SECONDS)
        else:
            return
