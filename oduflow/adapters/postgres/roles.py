"""Tenants' roles: created and dropped from the maintenance database.

Every function may be repeated after a kill between any two of its statements.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from psycopg import errors as pg
from psycopg.sql import SQL, Composed, Identifier, Literal

from oduflow.adapters.postgres import sessions
from oduflow.adapters.postgres.config import SCRAM_ITERATIONS
from oduflow.adapters.postgres.connection import Session
from oduflow.adapters.postgres.names import (
    BUS,
    GONE_PREFIX,
    TENANT_PATTERN,
    reader_of,
    tenant_name,
)
from oduflow.domain.errors import Busy, Conflict

_ATTRIBUTES = SQL(
    "LOGIN INHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"
    " CONNECTION LIMIT {limit} PASSWORD {verifier}"
)
_END_SECONDS = 2.0
_VERIFIER = f"SCRAM-SHA-256${SCRAM_ITERATIONS}:"  # what `verifier` makes: libpq asks the server
_ENTRANCES = 3


def exists(admin: Session, role: str) -> bool:
    """Tell whether a role exists."""
    return bool(admin.run("SELECT 1 FROM pg_roles WHERE rolname = %s", role))


def ensure(admin: Session, role: str, password: str, connection_limit: int) -> None:
    """Create the role, or give an existing one this password and these attributes."""
    tenant_name(role)
    attributes = _ATTRIBUTES.format(
        limit=Literal(connection_limit), verifier=Literal(verifier(admin, role, password))
    )
    verb = SQL("ALTER" if exists(admin, role) else "CREATE")
    with admin.transaction():
        admin.run(SQL("{} ROLE {} WITH {}").format(verb, Identifier(role), attributes))
        admin.run(_grant(BUS, role, SQL("INHERIT TRUE, SET FALSE")))


def verifier(admin: Session, role: str, password: str) -> str:
    """Compute the SCRAM verifier here, so that the server never sees or logs the password."""
    made = admin.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
    return made.decode()


@contextmanager
def cheap_sign_in(admin: Session, role: str, password: str) -> Iterator[None]:
    """Hold the role's verifier as we made it during a sign-in as the role.

    A tenant may store a verifier with so many iterations that a sign-in computes for
    minutes, in libpq, which no deadline of ours reaches. The row is locked meanwhile, so that it
    cannot be stored in between.
    """
    for _ in range(_ENTRANCES):
        with admin.transaction():
            found = admin.run(
                "SELECT rolpassword FROM pg_authid WHERE rolname = %s FOR UPDATE", role
            )
            if not found or str(found[0][0] or "").startswith(_VERIFIER):
                yield
                return
        changed = SQL("ALTER ROLE {} PASSWORD {}").format(
            Identifier(role), Literal(verifier(admin, role, password))
        )
        admin.run(changed)
    raise Busy(
        f"The password of {role} is changed again and again by one of its own sessions.",
        "Stop the environment, then try again.",
    )


def lend(admin: Session, owner: str, borrower: str) -> None:
    """Make `borrower` a member of `owner`."""
    admin.run(_grant(owner, borrower, SQL("INHERIT TRUE, SET TRUE")))


def let_read(admin: Session, owner: str, reader: str) -> None:
    """Give `reader` the rights of `owner` on objects; it can neither become it nor pass them on."""
    admin.run(_grant(tenant_name(owner), tenant_name(reader), SQL("INHERIT TRUE, SET FALSE")))


def take_back(admin: Session, owner: str, borrower: str) -> None:
    """End the membership that `lend` made."""
    admin.run(SQL("REVOKE {} FROM {}").format(Identifier(owner), Identifier(borrower)))


def allow_databases(admin: Session, role: str, *, allowed: bool) -> None:
    """Give a role the right to make databases, without which it may not give one away."""
    right = SQL("CREATEDB" if allowed else "NOCREATEDB")
    admin.run(SQL("ALTER ROLE {} WITH {}").format(Identifier(role), right))


def lock_out(admin: Session, role: str) -> None:
    """Take the role's login away; its open sessions stay."""
    admin.run(SQL("ALTER ROLE {} WITH NOLOGIN PASSWORD NULL").format(Identifier(role)))


def end_sessions(admin: Session, role: str) -> None:
    """End the role's sessions in every database; one that does not end in time is left."""
    sessions.end(admin, "role", role, _END_SECONDS)


def drop(admin: Session, role: str) -> None:
    """Drop the role, and the one that reads its database.

    A tenant may have granted a privilege in its own database to this role. PostgreSQL then keeps
    the role, and the grant can be revoked only inside that database. Such a role is renamed, loses
    its login and is no longer listed; `sweep` drops it later.

    Raises:
        Conflict: the role's own database still exists.
    """
    if admin.run("SELECT 1 FROM pg_database WHERE datname = %s", tenant_name(role)):
        if not exists(admin, role):
            return
        raise Conflict(f"Role {role} still has its database.", "Drop the database first.")
    for each in (reader_of(role), role):
        _drop(admin, each)


def _drop(admin: Session, role: str) -> None:
    if not exists(admin, role):
        return
    lock_out(admin, role)
    end_sessions(admin, role)
    # In our own database this can only revoke grants on databases.
    disown(admin, role)
    if not _dropped(admin, role):
        gone = Identifier(GONE_PREFIX + role)
        admin.run(SQL("ALTER ROLE {} RENAME TO {}").format(Identifier(role), gone))


def drop_and_sweep(admin: Session, role: str) -> list[str]:
    """Drop a role, and return those that cannot be dropped yet, as `sweep`."""
    drop(admin, role)
    return sweep(admin)


def disown_all(session: Session, held: Sequence[str]) -> None:
    """Drop roles that only what they left in this database keeps."""
    for role in held:
        disown(session, role)
    sweep(session)


def sweep(admin: Session) -> list[str]:
    """Drop the roles that `drop` renamed, and return those that still cannot be dropped."""
    return [role for role in _names(admin, f"^{GONE_PREFIX}") if not _dropped(admin, role)]


def disown(session: Session, role: str) -> None:
    """Drop the role's objects in this database, and every grant to it on databases."""
    session.run(SQL("DROP OWNED BY {}").format(Identifier(role)))


def tenants(admin: Session) -> set[str]:
    """List tenants' roles."""
    return set(_names(admin, TENANT_PATTERN))


def _names(admin: Session, pattern: str) -> list[str]:
    return [
        name for (name,) in admin.run("SELECT rolname FROM pg_roles WHERE rolname ~ %s", pattern)
    ]


def _dropped(admin: Session, role: str) -> bool:
    try:
        admin.run(SQL("DROP ROLE IF EXISTS {}").format(Identifier(role)))
    except pg.DependentObjectsStillExist:
        return False
    return True


def _grant(role: str, member: str, options: SQL) -> Composed:
    return SQL("GRANT {} TO {} WITH {}").format(Identifier(role), Identifier(member), options)
