"""The roles that only read: one for each database whose callers ask for rows.

A reading role signs in, may connect to one database, and is a member of `READERS`, which owns
nothing and never signs in. The owner of a database lets `READERS` select from its tables. So the
rights inside a database name no role that is ever dropped, and a copy of a database has them too.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import errors as pg
from psycopg.sql import SQL, Identifier, Literal

from oduflow.adapters.postgres import roles
from oduflow.adapters.postgres.connection import Session
from oduflow.adapters.postgres.names import READERS, reader_of, tenant_name
from oduflow.domain.errors import Busy

CONNECTIONS = 4  # of one reading role
_LOCK = 0x0D0F10  # of the transactions here, so that two calls do not collide
_LOCK_MS = 5000
_BATCH = 100  # tables that one transaction locks
_TRIES = 3
_MOST = 20_000
_MAY_ENTER = """
    SELECT 1 FROM pg_roles, pg_database WHERE rolname = %s AND datname = %s
    AND has_database_privilege(pg_roles.oid, pg_database.oid, 'CONNECT')
    AND pg_has_role(pg_roles.oid, (SELECT oid FROM pg_roles WHERE rolname = %s), 'USAGE')
"""
_ATTRIBUTES = SQL(
    "LOGIN INHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"
    " CONNECTION LIMIT {limit} PASSWORD {verifier}"
)
_OWN = "n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'"
_SCHEMAS = f"""
    SELECT n.nspname FROM pg_catalog.pg_namespace AS n
    WHERE {_OWN} AND pg_catalog.pg_has_role(n.nspowner, 'USAGE')
    AND NOT pg_catalog.has_schema_privilege(%s::name, n.oid, 'USAGE') LIMIT {_MOST}
"""  # noqa: S608 - made of constants
_TABLES = f"""
    SELECT n.nspname, c.relname, c.relkind IN ('r', 'p') FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE {_OWN} AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
    AND pg_catalog.pg_has_role(c.relowner, 'USAGE')
    AND NOT pg_catalog.has_table_privilege(%s::name, c.oid, 'SELECT')
    ORDER BY c.oid LIMIT {_MOST}
"""  # noqa: S608 - made of constants


def ensure(admin: Session, database: str, password: str) -> None:
    """Make the reading role of a database, and let it connect; what is there stays.

    Raises:
        psycopg.errors.InvalidCatalogName: there is no such database.
    """
    role = reader_of(database)
    if admin.run(_MAY_ENTER, role, database, READERS):
        return
    with admin.transaction():
        admin.run("SELECT pg_advisory_xact_lock(%s)", _LOCK)
        if not roles.exists(admin, READERS):
            admin.run(SQL("CREATE ROLE {} NOLOGIN").format(Identifier(READERS)))
        attributes = _ATTRIBUTES.format(
            limit=Literal(CONNECTIONS), verifier=Literal(roles.verifier(admin, role, password))
        )
        verb = SQL("ALTER" if roles.exists(admin, role) else "CREATE")
        admin.run(SQL("{} ROLE {} WITH {}").format(verb, Identifier(role), attributes))
        names = {
            "readers": Identifier(READERS),
            "role": Identifier(role),
            "database": Identifier(tenant_name(database)),
        }
        admin.run(SQL("GRANT {readers} TO {role} WITH INHERIT TRUE, SET FALSE").format(**names))
        admin.run(SQL("GRANT CONNECT ON DATABASE {database} TO {role}").format(**names))


def allow(owner: Session) -> None:
    """Let `READERS` select from everything that the session's role owns.

    A table is locked meanwhile against changes of its definition: such a change and a GRANT at the
    same moment fail with “tuple concurrently updated”, and Odoo's upgrade must not.

    Raises:
        Busy: definitions of tables are being changed.
    """
    for _ in range(_TRIES):
        try:
            return _allow(owner)
        except (pg.UndefinedTable, pg.InvalidSchemaName, pg.InternalError_):
            continue  # one was dropped or changed meanwhile
    raise Busy(
        "Tables of the database are being changed, so they cannot be read now.",
        "Call again when the installation or upgrade has ended.",
    )


def _allow(owner: Session) -> None:
    readers = Identifier(READERS)
    with _alone(owner):
        for (schema,) in owner.run(_SCHEMAS, READERS):
            owner.run(SQL("GRANT USAGE ON SCHEMA {} TO {}").format(Identifier(schema), readers))
        found = owner.run(_TABLES, READERS)
    for start in range(0, len(found), _BATCH):
        batch = found[start : start + _BATCH]
        every = SQL(", ").join(Identifier(schema, table) for schema, table, _ in batch)
        locked = [Identifier(schema, table) for schema, table, is_table in batch if is_table]
        with _alone(owner):
            if locked:
                owner.run(SQL("LOCK TABLE {} IN ACCESS SHARE MODE").format(SQL(", ").join(locked)))
            owner.run(SQL("GRANT SELECT ON TABLE {} TO {}").format(every, readers))


@contextmanager
def _alone(owner: Session) -> Iterator[None]:
    """Open a transaction that no other call of ours in this database has at the same time."""
    with owner.transaction():
        owner.run(f"SET LOCAL lock_timeout = {_LOCK_MS}")
        owner.run("SELECT pg_catalog.pg_advisory_xact_lock(%s)", _LOCK)
        yield
