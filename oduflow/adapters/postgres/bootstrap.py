"""The cluster's first preparation: our own databases, and no rights left to PUBLIC."""

from psycopg import errors as pg
from psycopg.sql import SQL, Identifier, Literal

from oduflow.adapters.postgres.connection import Session
from oduflow.adapters.postgres.functions import limit_locks, revoke_hoarding
from oduflow.adapters.postgres.names import BUS, EMPTY, FIRST, MAINTENANCE
from oduflow.adapters.postgres.roles import exists
from oduflow.adapters.postgres.supervision import LIMITS


def lock_first(first: Session) -> None:
    """Revoke from PUBLIC every right to create objects in `postgres`, then create our own database.

    The database comes last, so that its existence proves that the rest is done. From then on no
    function of a tenant's can be executed in `postgres`.
    """
    with first.transaction():
        first.run("REVOKE ALL ON SCHEMA public FROM PUBLIC")
        revoke_hoarding(first)
    try:
        first.run(SQL("CREATE DATABASE {} TEMPLATE template0").format(Identifier(MAINTENANCE)))
    except pg.DuplicateDatabase:
        return


def has_empty(admin: Session) -> bool:
    """Whether the source of new databases is complete."""
    complete = "SELECT 1 FROM pg_database WHERE datname = %s AND NOT datallowconn"
    return bool(admin.run(complete, EMPTY))


def create_empty(admin: Session) -> None:
    """Create the database that becomes the source of new ones; one of a killed run is dropped."""
    name = Identifier(EMPTY)
    admin.run(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
    admin.run(SQL("CREATE DATABASE {} TEMPLATE template0").format(name))


def limit_empty(empty: Session) -> None:
    """Limit what may be called in the source of new databases, and so in all of them."""
    with empty.transaction():
        revoke_hoarding(empty)
        limit_locks(empty)


def seal_empty(admin: Session) -> None:
    """Admit no session any more to the source of new databases, which proves it complete."""
    sealed = SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false IS_TEMPLATE true")
    admin.run(sealed.format(Identifier(EMPTY)))


def close_shared(admin: Session) -> None:
    """Revoke CONNECT and TEMP from PUBLIC on our databases, and admit tenants to `postgres`.

    Tenants are admitted as members of one role, so that a new tenant needs no grant on the database
    and a dropped one leaves none behind.
    """
    if not exists(admin, BUS):
        admin.run(SQL("CREATE ROLE {} NOLOGIN").format(Identifier(BUS)))
    with admin.transaction():
        for database in (MAINTENANCE, FIRST, EMPTY, "template0", "template1"):
            admin.run(SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(Identifier(database)))
        admin.run(
            SQL("GRANT CONNECT ON DATABASE {} TO {}").format(Identifier(FIRST), Identifier(BUS))
        )
        # A tenant may set another limit for itself; `supervision` keeps the same one from outside.
        limit = SQL("ALTER DATABASE {} SET transaction_timeout = {}")
        seconds = int(LIMITS.bus_seconds)
        admin.run(limit.format(Identifier(FIRST), Literal(f"{seconds}s")))
