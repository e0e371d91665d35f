"""Give the objects inside a copied database to the copy's own role.

`REASSIGN OWNED` has to run inside the copy, whose content is a tenant's: it runs there as the new
owner, who for that moment is a member of the old one. It also takes along every *database* of the
old owner, so that one is parked with the admin meanwhile. (PostgreSQL manual, “REASSIGN OWNED”,
“DROP OWNED”.)
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
from psycopg.sql import SQL, Identifier

from oduflow.adapters.postgres import databases, roles
from oduflow.adapters.postgres.connection import Session
from oduflow.adapters.postgres.names import ADMIN, tenant_name
from oduflow.domain.errors import Cancelled


@contextmanager
def lent(admin: Session, from_role: str, to_role: str) -> Iterator[None]:
    """Let `to_role` act for `from_role`, whose own database is parked meanwhile."""
    tenant_name(from_role), tenant_name(to_role)
    if _database_owner(admin, from_role) == from_role:
        databases.set_owner(admin, from_role, ADMIN)
    roles.lend(admin, from_role, to_role)
    try:
        yield
    except Cancelled:
        # A server that cannot answer now has it healed by the next hand-over, as after a kill.
        admin.hurry()
        with suppress(psycopg.Error):
            _give_back(admin, from_role, to_role)
        raise
    except BaseException:
        _give_back(admin, from_role, to_role)
        raise
    _give_back(admin, from_role, to_role)


def _give_back(admin: Session, from_role: str, to_role: str) -> None:
    """End the membership, and return the old owner's database to it.

    Only a role that may sign in has one: a template's belongs to the admin. So the answer follows
    from the cluster alone, and the next hand-over repairs one that was killed.
    """
    roles.take_back(admin, from_role, to_role)
    may_sign_in = admin.run("SELECT 1 FROM pg_roles WHERE rolname = %s AND rolcanlogin", from_role)
    if may_sign_in and _database_owner(admin, from_role) == ADMIN:
        databases.set_owner(admin, from_role, from_role)


def _database_owner(admin: Session, role: str) -> str | None:
    """Return the owner of the database that is named like the role, None when there is none."""
    found = admin.run(
        "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s", tenant_name(role)
    )
    return str(found[0][0]) if found else None


def take_over(copy: Session, from_role: str, to_role: str) -> None:
    """Make `to_role` the owner of everything; what was granted to `from_role` is dropped."""
    old, new = Identifier(from_role), Identifier(to_role)
    with copy.transaction():
        copy.run(SQL("REASSIGN OWNED BY {} TO {}").format(old, new))
        copy.run(SQL("DROP OWNED BY {}").format(old))
