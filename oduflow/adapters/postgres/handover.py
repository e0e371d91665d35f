"""The hand-over of a copied database: its objects get the copy's own role as owner.

`REASSIGN OWNED` has to run inside the copy, whose content is not trusted: it runs there as the new
owner, which is a member of the old one meanwhile. It would also reassign the old owner's
*database*, so the superuser owns that one meanwhile. (PostgreSQL manual, “REASSIGN OWNED”.)
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
from psycopg.sql import SQL, Identifier

from oduflow.adapters.postgres import databases, roles
from oduflow.adapters.postgres.connection import Session
from oduflow.adapters.postgres.names import ADMIN, tenant_name
from oduflow.domain.errors import Cancelled

# A sequence writes to the WAL only each 32nd time, what it will be then (`log_cnt`). A copy made by
# STRATEGY WAL_LOG has the source's count, but not its WAL: after a crash before the next checkpoint
# it would give numbers out again that rows have already. `setval` sets the count to 0.
_LOG_SEQUENCES = """
    SELECT pg_catalog.count(pg_catalog.setval(
        seqrelid::pg_catalog.regclass, pg_catalog.pg_sequence_last_value(seqrelid)
    ))
    FROM pg_catalog.pg_sequence WHERE pg_catalog.pg_sequence_last_value(seqrelid) IS NOT NULL
"""


@contextmanager
def lent(admin: Session, from_role: str, to_role: str) -> Iterator[None]:
    """Make `to_role` a member of `from_role`, whose own database the superuser owns meanwhile."""
    tenant_name(from_role), tenant_name(to_role)
    if _database_owner(admin, from_role) == from_role:
        databases.set_owner(admin, from_role, ADMIN)
    roles.lend(admin, from_role, to_role)
    try:
        yield
    except Cancelled:
        # When the server cannot answer now, the next hand-over repairs it, as after a kill.
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

    Only a role that may sign in owns one: a template's belongs to the superuser. So the answer
    follows from the cluster alone, and the next hand-over repairs one that was killed.
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
    """Make `to_role` the owner of every object, and drop the grants to `from_role`.

    Then make the copy's sequences safe against a crash of the server.
    """
    old, new = Identifier(from_role), Identifier(to_role)
    with copy.transaction():
        copy.run(SQL("REASSIGN OWNED BY {} TO {}").format(old, new))
        copy.run(SQL("DROP OWNED BY {}").format(old))
        copy.run(_LOG_SEQUENCES)
