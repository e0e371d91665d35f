"""What the cluster needs once: our own database, and nothing left open to PUBLIC."""

from psycopg import errors as pg
from psycopg.sql import SQL, Identifier

from oduflow.adapters.postgres.connection import Session
from oduflow.adapters.postgres.names import BUS, FIRST, MAINTENANCE
from oduflow.adapters.postgres.roles import exists

# Odoo's bus listens in `postgres`; a right to make large objects there would be storage without
# an owner that we can account for, and would keep the role from being dropped.
_LARGE_OBJECT_MAKERS = ("lo_creat(integer)", "lo_create(oid)", "lo_from_bytea(oid, bytea)")


def lock_first(first: Session) -> None:
    """Take from PUBLIC all that makes something in `postgres`; then make our own database.

    The database comes last: where it exists, the rest is done. From here on nothing that a tenant
    made can be executed in `postgres`.
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
    """Take CONNECT and TEMP from PUBLIC on every database of ours; let tenants into `postgres`.

    Tenants come in as members of one role: no list of grants that grows with them, and nothing
    to take back when one is dropped.
    """
    if not exists(admin, BUS):
        admin.run(SQL("CREATE ROLE {} NOLOGIN").format(Identifier(BUS)))
    with admin.transaction():
        for database in (MAINTENANCE, FIRST, "template0", "template1"):
            admin.run(SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(Identifier(database)))
        admin.run(
            SQL("GRANT CONNECT ON DATABASE {} TO {}").format(Identifier(FIRST), Identifier(BUS))
        )
