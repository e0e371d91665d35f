"""The translation of SQLite's and the file system's errors into the product's."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from oduflow.domain.errors import Busy, Conflict, Failure, Internal, QuotaReached, UpstreamFailed
from oduflow.files.disk_errors import DISK_FULL

FOREIGN = (SQLAlchemyError, sqlite3.Error, OSError)


class StoreFull(QuotaReached):
    """The disk is full, in contrast to a quota of the caller's."""


_PRIMARY_CODE = 0xFF  # https://sqlite.org/rescode.html: an extended code keeps it in the low byte

_Named = tuple[type[Failure], str, str]
_DISK_FULL: _Named = (
    StoreFull,
    "The disk is full: the store cannot be written.",
    "Free space on the disk of the data folder, then call again.",
)
_LOCKED: _Named = (
    Busy,
    "The store is being written by another process.",
    "Call again in a few seconds.",
)
_DAMAGED: _Named = (
    UpstreamFailed,
    "The store's file is damaged.",
    "Stop the server, keep the file, and restore the store from a backup.",
)
_OUT_OF_REACH: _Named = (
    UpstreamFailed,
    "The store cannot be opened or written.",
    "See that the data folder exists, is writable and belongs to the server's user.",
)
_EXCLUDED: _Named = (Conflict, "The store already holds something that excludes this.", "")
_DEFECT: _Named = (
    Internal,
    "The store could not do what it was asked.",
    "The server's log has the cause; please report it.",
)
_BY_CODE = {
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_CANTOPEN: _OUT_OF_REACH,
    sqlite3.SQLITE_CONSTRAINT: _EXCLUDED,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_FULL: _DISK_FULL,
    sqlite3.SQLITE_IOERR: _OUT_OF_REACH,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_PERM: _OUT_OF_REACH,
    sqlite3.SQLITE_READONLY: _OUT_OF_REACH,
}


@contextmanager
def translated() -> Iterator[None]:
    """Raise the failures of SQLAlchemy, SQLite and the file system as the domain's.

    Raises:
        Busy: another process held the write lock for longer than we wait.
        Conflict: a constraint was violated that the caller did not name itself.
        QuotaReached: the disk is full.
        UpstreamFailed: the file is damaged, read-only or out of reach.
        Internal: anything else, which is a defect of the product.
    """
    try:
        yield
    except FOREIGN as error:
        kind, message, hint = _named(error)
        raise kind(message, hint) from error


def result_code(error: Exception) -> int:
    """Return SQLite's extended result code, or SQLITE_ERROR when there is none."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return int(getattr(cause, "sqlite_errorcode", sqlite3.SQLITE_ERROR))


def _named(error: Exception) -> _Named:
    if isinstance(error, OSError):
        return _DISK_FULL if error.errno in DISK_FULL else _OUT_OF_REACH
    return _BY_CODE.get(result_code(error) & _PRIMARY_CODE, _DEFECT)
