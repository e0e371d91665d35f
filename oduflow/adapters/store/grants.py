"""Grants in the store.

A grant refers to the grant whose holder made it, and is deleted with it.
"""

import sqlite3
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import CTE, Connection, bindparam, delete, literal, or_, select, update
from sqlalchemy.exc import IntegrityError

from oduflow.adapters.store.engine import Store
from oduflow.adapters.store.errors import result_code
from oduflow.adapters.store.named import NamedRows
from oduflow.adapters.store.tables import grants
from oduflow.domain.counting import counted
from oduflow.domain.errors import Conflict, Failure, QuotaReached, Unauthenticated
from oduflow.domain.grant_rules import Grant, calls_left
from oduflow.domain.next_call import Next


class Grants(NamedRows[Grant]):
    """Every team's grants."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, grants, Grant, "grant")
        self._by_digest = self._every.where(grants.c.digest == bindparam("digest"))

    def by_digest(self, digest: str) -> Grant | None:
        """Return the grant whose secret has that digest, or None."""
        return self._find(self._by_digest, digest=digest)

    def lineage(self, grant: str) -> tuple[Grant, ...]:
        """Return a grant, its parent and so on; an empty tuple when the grant is missing."""
        with self._store.read() as connection:
            return _lineage(connection, grant)

    def spend(self, grant: str, moment: datetime) -> None:
        """Count one call against a grant and all its ancestors, or against none of them.

        Raises:
            Unauthenticated: it was revoked, has expired, or has no call left.
        """
        with self._store.write() as connection:
            lineage = _lineage(connection, grant)
            ended = any(each.expires_at <= moment for each in lineage)
            if not lineage or ended or calls_left(lineage) == 0:
                raise Unauthenticated(
                    "This grant was revoked, has expired or has no call left.",
                    "Ask its creator for another.",
                )
            ids = [each.id for each in lineage]
            used = update(grants).where(grants.c.id.in_(ids)).values(used=grants.c.used + 1)
            connection.execute(used)

    def prune(self, teams: Collection[str], before: datetime) -> int:
        """Delete grants that expired before a moment or whose team is not configured; count them.

        Another team may get the same id later, and its grants must not include the old ones.
        """
        old = delete(grants).where(
            or_(grants.c.expires_at < before, grants.c.team.not_in(sorted(teams)))
        )
        with self._store.write() as connection:
            return connection.execute(old).rowcount

    def _refusal(self, row: Grant, error: IntegrityError) -> Failure:
        if result_code(error) == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
            return Unauthenticated("Your grant was revoked.", "Ask its creator for another.")
        return Conflict(
            f"There is a grant “{row.name}” already.",
            "Choose another name, or revoke the existing grant first.",
            Next.of("list_grants", "shows the existing ones"),
        )

    def _full(self, _count: int, limit: int) -> QuotaReached:
        return QuotaReached(
            f"The team has {counted(limit, 'grant')}, which is the most.",
            "Revoke those that are not needed.",
            Next.of("list_grants", "shows them"),
        )


def _lineage(connection: Connection, grant: str) -> tuple[Grant, ...]:
    chain = _chain(grant)
    query = select(grants).join(chain, chain.c.id == grants.c.id).order_by(chain.c.above)
    return tuple(Grant(**found) for found in connection.execute(query).mappings())


def _chain(grant: str) -> CTE:
    own = select(grants.c.id, grants.c.parent, literal(0).label("above"))
    chain = own.where(grants.c.id == grant).cte("chain", recursive=True)
    above = select(grants.c.id, grants.c.parent, chain.c.above + 1)
    return chain.union_all(above.join(chain, grants.c.id == chain.c.parent))
