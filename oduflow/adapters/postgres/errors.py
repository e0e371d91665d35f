"""The translation of PostgreSQL's errors into the product's.

Failure
├── Busy
│   ├── Crowded        no connection is free, for the role or at all
│   ├── Locked         another session holds a lock
│   │   └── Exhausted  no lock is free, or no memory
│   └── InUse          the database has open connections
├── Conflict           the role still has its database, a sealed template, no Odoo inside
├── NotFound           no such database
├── QuotaReached       the disk is full
└── UpstreamFailed
    ├── NotRunning     no server listens on the socket
    ├── StartingUp     it runs, but is not ready yet
    ├── Unresponsive   paused or overloaded: no answer within the time limit
    └── WrongPassword  the role has another password
"""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors as pg

from oduflow.domain.errors import Busy, Conflict, Failure, NotFound, QuotaReached, UpstreamFailed

_SHOWN = 500


class Crowded(Busy):
    """No connection is free, for the role or at all."""


class Locked(Busy):
    """Another session holds a lock that is needed, or the table of locks is full."""


class Exhausted(Locked):
    """No lock is free, or no memory."""


class InUse(Busy):
    """The database has open connections."""


class NotRunning(UpstreamFailed):
    """No server listens on the socket."""


class StartingUp(UpstreamFailed):
    """The server runs, but is not ready yet."""


class Unresponsive(UpstreamFailed):
    """The server is paused or overloaded: no answer within the time limit."""


class WrongPassword(UpstreamFailed):
    """The role has another password."""


_CROWDED = (
    Crowded,
    "no database connection is free",
    "Try again in a moment; stop an environment that holds many connections.",
)
_EXHAUSTED = (
    Exhausted,
    "its memory for locks or rows is used up",
    "Restart the environments that hold most of it, then try again.",
)
_STARTING = (StartingUp, "it is starting up or shutting down", "Try again in a few seconds.")
_DISK = (
    QuotaReached,
    "the disk is full",
    "Delete environments or templates, or give PostgreSQL's volume more space.",
)
_TIMEOUT = (
    Unresponsive,
    "it did not answer in time",
    "See whether its container is paused or the machine overloaded, then try again.",
)
_STOPPED = (NotRunning, "it is not running", "Start the server, then try again.")

_BY_CLASS: tuple[tuple[type[psycopg.Error], tuple[type[Failure], str, str]], ...] = (
    (pg.ObjectInUse, (InUse, "the database has open connections", "Try again in a moment.")),
    (pg.TooManyConnections, _CROWDED),
    (pg.LockNotAvailable, (Locked, "another session holds a lock on it", "Try again in a moment.")),
    (pg.OutOfMemory, _EXHAUSTED),
    (pg.DiskFull, _DISK),
    (pg.QueryCanceled, _TIMEOUT),
    (pg.ConnectionTimeout, _TIMEOUT),
    (pg.CannotConnectNow, _STARTING),
    (pg.InvalidCatalogName, (NotFound, "the database does not exist", "")),
    (pg.UndefinedTable, (Conflict, "the database holds no Odoo", "")),
)

# A refused connection has no SQLSTATE, only a text of libpq's or the server's (in English, because
# the cluster's locale is C.UTF-8).
_BY_TEXT: tuple[tuple[str, tuple[type[Failure], str, str]], ...] = (
    ("too many connections for", _CROWDED),
    ("too many clients", _CROWDED),
    ("remaining connection slots", _CROWDED),
    ("out of shared memory", _EXHAUSTED),
    ("the database system is", _STARTING),
    (
        "password authentication failed",
        (
            WrongPassword,
            "the password is wrong",
            "The stored password and the cluster do not belong together: restore either one.",
        ),
    ),
    ("No such file or directory", _STOPPED),
    ("Connection refused", _STOPPED),
    ('" does not exist', (NotFound, "the database does not exist", "")),
    ("No space left on device", _DISK),
)


@contextmanager
def translated(action: str) -> Iterator[None]:
    """Raise the product's errors in place of psycopg's.

    Args:
        action: completes “PostgreSQL could not …”.

    Raises:
        Failure: a class of the module's tree, from the original error.
    """
    try:
        yield
    except psycopg.Error as cause:
        raise failure(cause, action) from cause


def failure(cause: psycopg.Error, action: str) -> Failure:
    """Return the product's error; its `output` is the server's message, shortened."""
    said = " ".join((cause.diag.message_primary or str(cause)).split())
    known = _known(cause, said)
    if known is None:
        hint = "The server's log has PostgreSQL's full answer."
        # libpq's own text shows the socket's path; the server's message follows “FATAL:”.
        shown = said if cause.sqlstate else said.partition("FATAL: ")[2]
        output = "".join(filter(str.isprintable, shown))[:_SHOWN]
        return UpstreamFailed(f"PostgreSQL could not {action}.", hint, output=output)
    kind, reason, hint = known
    return kind(f"PostgreSQL could not {action}: {reason}.", hint)


def _known(cause: psycopg.Error, said: str) -> tuple[type[Failure], str, str] | None:
    for kind, known in _BY_CLASS:
        if isinstance(cause, kind):
            return known
    if cause.sqlstate is None:
        for words, known in _BY_TEXT:
            if words in said:
                return known
    return None
