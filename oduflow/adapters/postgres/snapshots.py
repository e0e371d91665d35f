"""Snapshots of a tenant's database, and its exchange for a copy of one.

A snapshot is a database of the superuser's that admits no session. The objects in it stay the
tenant role's, so a copy for the same tenant needs no statement inside. Every function may be
repeated after a kill between any two of its statements.
"""

from functools import partial

from psycopg.sql import SQL, Composed, Identifier

from oduflow.adapters.postgres import copies, databases, sessions
from oduflow.adapters.postgres.connection import Session
from oduflow.adapters.postgres.databases import Strategy
from oduflow.adapters.postgres.names import ADMIN, tenant_name
from oduflow.domain.errors import Busy, Conflict

_BUSY = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = %s AND backend_type = 'client backend' AND state IS DISTINCT FROM 'idle'
"""


_IS_UNPROVEN = """
    SELECT 1 FROM pg_database WHERE datname = %s AND NOT datallowconn AND NOT datistemplate
"""


def busy_sessions(admin: Session, database: str) -> int:
    """Count the sessions of a database that are in a statement or a transaction."""
    ((count,),) = admin.run(_BUSY, tenant_name(database))
    return int(count)


def end_sessions(admin: Session, database: str) -> None:
    """End every session of a database.

    Raises:
        Busy: sessions go on, or new ones begin all the time.
    """
    if not sessions.end(admin, "database", tenant_name(database)):
        raise Busy("Sessions of the database do not end.", "Stop the environment first.")


def take(admin: Session, database: str, snapshot: str, strategy: Strategy) -> None:
    """Copy a database without sessions into a snapshot; one that a kill left is made anew.

    Raises:
        Conflict: a rollback of the database was not proven; a copy would admit sessions.
    """
    if admin.run(_IS_UNPROVEN, tenant_name(database)):
        raise Conflict(
            f"Not every part of the environment of {database} is proven to be its snapshot's.",
            "Roll it back again, or to the state before.",
        )
    databases.drop(admin, tenant_name(snapshot))
    sealed = SQL("OWNER {} ALLOW_CONNECTIONS false IS_TEMPLATE true").format(Identifier(ADMIN))
    _copy(admin, database, snapshot, sealed, strategy)


def adopt(admin: Session, snapshot: str, database: str) -> None:
    """Make a snapshot the database of the role of its name; the objects inside keep their owner."""
    name = Identifier(tenant_name(database))
    if exists(admin, database):
        return
    with admin.transaction():
        _rename(admin, snapshot, database)
        databases.set_owner(admin, database, database)
        admin.run(SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
        admin.run(SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true IS_TEMPLATE false").format(name))


def prepare(admin: Session, snapshot: str, new: str, owner: str, strategy: Strategy) -> None:
    """Copy a snapshot into a database that still admits no session; one that is there is kept.

    Raises:
        UpstreamFailed: the copy is not whole.
    """
    if not exists(admin, new):
        closed = SQL("OWNER {} ALLOW_CONNECTIONS false").format(Identifier(tenant_name(owner)))
        make = partial(_copy, admin, snapshot, new, closed, strategy)
        copies.copy_proven(admin, snapshot, new, strategy, make)


def exchange(admin: Session, database: str, new: str, old: str) -> None:
    """Put `new` in the place of a database, which becomes the snapshot `old`, in one transaction.

    The database's sessions end first; nothing may start others. None is admitted until `admit`.
    """
    name = Identifier(tenant_name(database))
    end_sessions(admin, database)
    with admin.transaction():
        _rename(admin, database, old)
        _rename(admin, new, database)
        databases.set_owner(admin, old, ADMIN)
        kept = Identifier(old)
        admin.run(SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC, {}").format(kept, name))
        admin.run(SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false IS_TEMPLATE true").format(kept))


def admit(admin: Session, database: str) -> None:
    """Let a database admit sessions."""
    name = Identifier(tenant_name(database))
    admin.run(SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(name))


def exists(admin: Session, database: str) -> bool:
    """Whether there is a whole database of that name; PostgreSQL marks a half-dropped one."""
    found = "SELECT 1 FROM pg_database WHERE datname = %s AND datconnlimit <> -2"
    return bool(admin.run(found, tenant_name(database)))


def _copy(
    admin: Session, source: str, database: str, options: Composed, strategy: Strategy
) -> None:
    template = SQL(" TEMPLATE {} STRATEGY {}").format(
        Identifier(tenant_name(source)), databases.STRATEGIES[strategy]
    )
    admin.run(SQL("{}{}{}").format(databases.creation(database), options, template))
    admin.run(SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(Identifier(database)))


def _rename(admin: Session, before: str, after: str) -> None:
    admin.run(
        SQL("ALTER DATABASE {} RENAME TO {}").format(
            Identifier(tenant_name(before)), Identifier(tenant_name(after))
        )
    )
