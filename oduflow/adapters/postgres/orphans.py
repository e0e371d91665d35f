"""What a crash of the server leaves of databases: ones that are half dropped, folders without one.

A DROP DATABASE that was cut off leaves a row that allows nothing but to drop it again
(`datconnlimit` is -2). A CREATE or DROP DATABASE that was cut off may leave a folder below `base`
that no row names, and that PostgreSQL never removes.
"""

from collections.abc import Callable
from collections.abc import Set as AbstractSet

from psycopg import errors as pg
from psycopg.sql import SQL, Identifier

from oduflow.adapters.postgres.connection import Session
from oduflow.adapters.postgres.names import TENANT_PATTERN
from oduflow.domain.plan import COPIES

_LOCK_SECONDS = 2
_INTERRUPTED = "SELECT datname FROM pg_database WHERE datconnlimit = -2 AND"
_COPIES = tuple(f"_{side}" for side in COPIES)


def drop_interrupted(admin: Session) -> tuple[str, ...]:
    """Drop the tenants' databases whose removal was cut off, and return them.

    The caller holds no lock of their owners, who may drop one and make another of the same name
    meanwhile. So the mark is read again before each removal, nothing of another session is ended,
    and copies for reading and for tests, whose names are used again and again, are left to their
    own recovery.
    """
    found = admin.run(f"{_INTERRUPTED} datname ~ %s", TENANT_PATTERN)
    dropped = []
    for (name,) in found:
        if name.endswith(_COPIES) or not admin.run(f"{_INTERRUPTED} datname = %s", name):
            continue
        admin.run(SQL("DROP DATABASE IF EXISTS {}").format(Identifier(name)))
        dropped.append(name)
    return tuple(dropped)


def orphans(
    admin: Session, folders: AbstractSet[str], remove: Callable[[str], None]
) -> tuple[str, ...]:
    """Remove the folders that no database has, while no database can be created or dropped.

    Both hold a lock on `pg_database` that ours excludes (PostgreSQL manual, “Explicit Locking”), so
    a folder that was listed before, and is of no row now, belongs to nothing.

    Args:
        admin: the session.
        folders: the names of the folders below `base` that were found before this call.
        remove: removes one of them.

    Returns:
        The removed ones; none while a database is being created or dropped.
    """
    if not _without_database(admin, folders):
        return ()
    try:
        with admin.transaction():
            admin.run(f"SET LOCAL lock_timeout = '{_LOCK_SECONDS}s'")
            admin.run("LOCK TABLE pg_database IN SHARE MODE")
            left = tuple(sorted(_without_database(admin, folders)))
            for name in left:
                remove(name)
    except pg.LockNotAvailable:
        return ()
    return left


def _without_database(admin: Session, folders: AbstractSet[str]) -> AbstractSet[str]:
    return folders - {str(oid) for (oid,) in admin.run("SELECT oid FROM pg_database")}
