"""Tenants' databases: created, sealed and dropped from the maintenance database.

Every function may be repeated after a kill between any two of its statements. A new database
allows no connection until PUBLIC has lost the right to connect.
"""

from typing import Literal

from psycopg import errors as pg
from psycopg.sql import SQL, Composed, Identifier

from oduflow.adapters.postgres import roles
from oduflow.adapters.postgres.connection import Session
from oduflow.adapters.postgres.names import ADMIN, EMPTY, TENANT_PATTERN, tenant_name
from oduflow.domain.errors import Conflict

Strategy = Literal["wal_log", "file_copy"]
STRATEGIES: dict[Strategy, SQL] = {
    "wal_log": SQL("WAL_LOG"),
    "file_copy": SQL("FILE_COPY"),
}
_ORPHAN_END_MS = 5000  # for an orphaned statement to clean up after itself
_CLONE_ATTEMPTS = 2  # in each PostgreSQL waits 5 s for the source's sessions to end


def ensure(admin: Session, database: str, owner: str) -> None:
    """Create an empty database from our own empty one, or finish an existing one."""
    _make(admin, database, owner, SQL("TEMPLATE {}").format(Identifier(EMPTY)))


def clone(admin: Session, template: str, database: str, owner: str, strategy: Strategy) -> None:
    """Copy a database, or finish an existing copy.

    Raises:
        psycopg.errors.ObjectInUse: the source has open connections.
    """
    source = SQL("TEMPLATE {} STRATEGY {}").format(
        Identifier(tenant_name(template)), STRATEGIES[strategy]
    )
    for attempt in range(1, _CLONE_ATTEMPTS + 1):
        try:
            return _make(admin, database, owner, source)
        except pg.ObjectInUse:
            if attempt == _CLONE_ATTEMPTS:
                raise
    return None


def set_owner(session: Session, database: str, owner: str) -> None:
    """Make a role the owner of the database, not of the objects inside."""
    session.run(
        SQL("ALTER DATABASE {} OWNER TO {}").format(Identifier(database), Identifier(owner))
    )


def seal(admin: Session, database: str, role: str) -> None:
    """Make a database a template without connections; the owner of its objects loses its login."""
    name = Identifier(tenant_name(database))
    with admin.transaction():
        set_owner(admin, database, ADMIN)
        admin.run(SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC, {}").format(name, Identifier(role)))
        admin.run(SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false IS_TEMPLATE true").format(name))
        roles.lock_out(admin, tenant_name(role))
    roles.end_sessions(admin, role)


def forget_settings(admin: Session, database: str, role: str) -> None:
    """Undo what the owner may have set for its database and itself, and what outlives a session.

    Settings stay with the database or the role, such as a search path with functions of its own.
    """
    name = Identifier(tenant_name(database))
    admin.run(SQL("ALTER DATABASE {} WITH CONNECTION LIMIT -1 IS_TEMPLATE false").format(name))
    found = admin.run(
        "SELECT datname, rolname FROM pg_db_role_setting"
        " LEFT JOIN pg_database ON pg_database.oid = setdatabase"
        " LEFT JOIN pg_roles ON pg_roles.oid = setrole WHERE datname = %s OR rolname = %s",
        database,
        tenant_name(role),
    )
    for of_database, of_role in found:
        admin.run(_reset(of_database, of_role))


def _reset(database: str | None, role: str | None) -> Composed:
    if role is None:
        return SQL("ALTER DATABASE {} RESET ALL").format(Identifier(database or ""))
    if database is None:
        return SQL("ALTER ROLE {} RESET ALL").format(Identifier(role))
    reset = SQL("ALTER ROLE {} IN DATABASE {} RESET ALL")
    return reset.format(Identifier(role), Identifier(database))


def drop(admin: Session, database: str) -> None:
    """Drop the database, sealed or not, and end its connections."""
    name = Identifier(tenant_name(database))
    _end_orphans(admin, database)
    found = admin.run("SELECT datconnlimit FROM pg_database WHERE datname = %s", database)
    if not found:
        return
    if found != [(-2,)]:  # an interrupted drop leaves this mark and allows no change
        # Closed first, or an Odoo that keeps reconnecting could block the drop.
        admin.run(SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false IS_TEMPLATE false").format(name))
    admin.run(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))


def owned_by(admin: Session, role: str) -> list[str]:
    """List the databases that a role owns."""
    found = admin.run(
        "SELECT datname FROM pg_database WHERE pg_get_userbyid(datdba) = %s ORDER BY datname", role
    )
    return [str(name) for (name,) in found]


def tenants(admin: Session) -> set[str]:
    """List tenants' databases."""
    found = admin.run("SELECT datname FROM pg_database WHERE datname ~ %s", TENANT_PATTERN)
    return {name for (name,) in found}


def folders(admin: Session) -> dict[str, str]:
    """Return the folder below `base` of each tenant's database."""
    found = admin.run("SELECT datname, oid FROM pg_database WHERE datname ~ %s", TENANT_PATTERN)
    return {name: str(oid) for name, oid in found}


def sealed(admin: Session) -> set[str]:
    """List the sealed templates."""
    found = admin.run(
        "SELECT datname FROM pg_database WHERE datname ~ %s AND datistemplate AND NOT datallowconn",
        TENANT_PATTERN,
    )
    return {name for (name,) in found}


def size(admin: Session, database: str) -> int:
    """Return a database's size on disk, in bytes."""
    ((measured,),) = admin.run("SELECT pg_database_size(%s::name)", tenant_name(database))
    return int(measured)


def _make(admin: Session, database: str, owner: str, source: SQL | Composed) -> None:
    name, role = Identifier(tenant_name(database)), Identifier(tenant_name(owner))
    _end_orphans(admin, database)
    found = admin.run("SELECT datistemplate FROM pg_database WHERE datname = %s", database)
    if found == [(True,)]:
        raise Conflict(f"Database {database} is a sealed template.", "Drop it first.")
    if not found:
        options = SQL("OWNER {} ALLOW_CONNECTIONS false").format(role)
        admin.run(SQL("{}{} {}").format(creation(database), options, source))
    with admin.transaction():
        set_owner(admin, database, owner)
        admin.run(SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
        admin.run(SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(name))


def creation(database: str) -> Composed:
    """Begin the statement that makes a database; a killed one is found by this text."""
    return SQL("CREATE DATABASE {} ").format(Identifier(database))


def _end_orphans(admin: Session, database: str) -> None:
    """End a CREATE DATABASE of this database that a killed process left running in the server.

    The caller holds the environment's lock, so that no other process can be creating it.
    """
    admin.run(
        "SELECT pg_terminate_backend(pid, %s) FROM pg_stat_activity"
        " WHERE pid <> pg_backend_pid() AND usename = %s AND starts_with(query, %s)",
        _ORPHAN_END_MS,
        ADMIN,
        creation(database).as_string(admin),
    )
