"""The hand-over of a copied database: its objects get the copy's own role as owner.

`REASSIGN OWNED` has to run inside the copy, whose content is not trusted: it runs there as the new
owner, which is a member of the old one meanwhile. It reassigns the old owner's *databases*, too, so
the same transaction gives them back: an environment that is copied while it serves never sees
another owner. (PostgreSQL manual, “REASSIGN OWNED” and “ALTER DATABASE”.)
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import psycopg
from psycopg.sql import SQL, Identifier

from oduflow.adapters.postgres import databases, roles
from oduflow.adapters.postgres.connection import Session
from oduflow.adapters.postgres.names import tenant_name
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
def lent(admin: Session, from_role: str, to_role: str) -> Iterator[Sequence[str]]:
    """Make `to_role` a member of `from_role`, which keeps the databases that are yielded.

    To give those back, `to_role` needs CREATEDB. It has it for this block, in which only the
    hand-over itself knows its password, and nothing of the copy's content is executed.
    """
    tenant_name(from_role), tenant_name(to_role)
    kept = databases.owned_by(admin, from_role)
    roles.lend(admin, from_role, to_role)
    if kept:
        roles.allow_databases(admin, to_role, allowed=True)
    try:
        yield kept
    except Cancelled:
        # When the server cannot answer now, creating the role again repairs it, as after a kill.
        admin.hurry()
        with suppress(psycopg.Error):
            _give_back(admin, from_role, to_role)
        raise
    except BaseException:
        _give_back(admin, from_role, to_role)
        raise
    _give_back(admin, from_role, to_role)


def _give_back(admin: Session, from_role: str, to_role: str) -> None:
    roles.allow_databases(admin, to_role, allowed=False)
    roles.take_back(admin, from_role, to_role)


def take_over(copy: Session, from_role: str, to_role: str, kept: Sequence[str]) -> None:
    """Make `to_role` the owner of every object, and drop the grants to `from_role`.

    Then make the copy's sequences safe against a crash of the server.

    Args:
        copy: a session of `to_role` in the copy.
        from_role: the former owner.
        to_role: the new owner.
        kept: the databases of `from_role`, which stay its own.
    """
    old, new = Identifier(from_role), Identifier(to_role)
    with copy.transaction():
        copy.run(SQL("REASSIGN OWNED BY {} TO {}").format(old, new))
        for database in kept:
            databases.set_owner(copy, database, from_role)
        copy.run(SQL("DROP OWNED BY {}").format(old))
        copy.run(_LOG_SEQUENCES)
