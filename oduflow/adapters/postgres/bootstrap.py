"""The cluster's first preparation: our own database, and no rights left to PUBLIC."""

from psycopg import errors as pg
from psycopg.sql import SQL, Identifier

from oduflow.adapters.postgres.connection import Session
from oduflow.adapters.postgres.names import BUS, FIRST, MAINTENANCE
from oduflow.adapters.postgres.roles import exists

# Odoo's bus listens in `postgres`. Large objects made there would use disk that no quota counts,
# and would keep their owner's role from being dropped.
_LARGE_OBJECT_MAKERS = ("lo_creat(integer)", "lo_create(oid)", "lo_from_bytea(oid, bytea)")


def lock_first(first: Session) -> None:
    """Revoke from PUBLIC every right to create objects in `postgres`, then create our own database.

    The database comes last, so that its existence proves that the rest is done. From then on no
    function of a tenant's can be executed in `postgres`.
    """
    with first.transaction():
        first.run("REVOKE ALL ON SCHEMA public FROM PUBLIC")
        for maker in _LARGE_OBJECT_MAKERS:
            first.run(SQL("REVOKE ALL ON FUNCTION pg_catalog.{} FROM PUBLIC").format(SQL(maker)))
    try:
        first.run(SQL("CREATE DATABASE {} TEMPLATE template0").format(Identifier(MAINTENANCE)))
    except pg.DuplicateDatabase:
        return


def close_shared(admin: Session) -> None:
    """Revoke CONNECT and TEMP from PUBLIC on our databases, and admit tenants to `postgres`.

    Tenants are admitted as members of one role, so that a new tenant needs no grant on the database
    and a dropped one leaves none behind.
    """
    if not exists(admin, BUS):
        admin.run(SQL("CREATE ROLE {} NOLOGIN").format(Identifier(BUS)))
    with admin.transaction():
        for database in (MAINTENANCE, FIRST, "template0", "template1"):
            admin.run(SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(Identifier(database)))
        admin.run(
            SQL("GRANT CONNECT ON DATABASE {} TO {}").format(Identifier(FIRST), Identifier(BUS))
        )
