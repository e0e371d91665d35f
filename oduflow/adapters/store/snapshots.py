"""Snapshots in the store."""

from dataclasses import fields
from typing import TypedDict, Unpack

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.exc import IntegrityError

from oduflow.adapters.store.engine import Query, Store
from oduflow.adapters.store.tables import snapshots
from oduflow.domain.errors import Conflict, NotFound
from oduflow.domain.snapshot import Snapshot, SnapshotState, team_has_all

_ALL = select(*(snapshots.c[each.name] for each in fields(Snapshot))).order_by(
    snapshots.c.created_at.desc(), snapshots.c.id.desc()
)
_BY_ID = _ALL.where(snapshots.c.id == bindparam("id"))
_OF_ENVIRONMENT = _ALL.where(snapshots.c.environment == bindparam("environment"))
_OF_TEAM = _ALL.where(snapshots.c.team == bindparam("team"))
_ASKED_FOR = (
    select(func.count())
    .select_from(snapshots)
    .where(snapshots.c.team == bindparam("team"), snapshots.c.automatic.is_(False))
)


class SnapshotChanges(TypedDict, total=False):
    """The columns of a snapshot that may change."""

    state: SnapshotState
    kept: str


class Snapshots:
    """Every environment's snapshots.

    Args:
        store: where the table lives.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, row: Snapshot, *, limit: int | None = None) -> None:
        """Write a new row.

        Args:
            row: the row.
            limit: how many snapshots that were asked for the team may have.

        Raises:
            Conflict: the environment has one of that name, or is gone.
            QuotaReached: the team has as many as it may.
        """
        values = {column.name: getattr(row, column.name) for column in snapshots.columns}
        with self._store.write() as connection:
            try:
                connection.execute(snapshots.insert(), values)
            except IntegrityError as cause:
                raise Conflict(
                    f"There is a snapshot “{row.name}” already.",
                    "Choose another name, or delete that snapshot first.",
                ) from cause
            before = (connection.scalar(_ASKED_FOR, {"team": row.team}) or 0) - 1
            if limit is not None and before >= limit:
                raise team_has_all(before, limit)

    def asked_for(self, team: str) -> int:
        """Return how many snapshots of a team are there because a call asked for them."""
        with self._store.read() as connection:
            return connection.scalar(_ASKED_FOR, {"team": team}) or 0

    def update(self, row: str, **changes: Unpack[SnapshotChanges]) -> Snapshot:
        """Change a row and return the changed row.

        Raises:
            NotFound: the row is gone.
        """
        table = snapshots
        statement = update(table).where(table.c.id == row).values(**changes).returning(table)
        with self._store.write() as connection:
            found = connection.execute(statement).mappings().one_or_none()
        if found is None:
            raise NotFound("The snapshot no longer exists.", "List them to see what does.")
        return Snapshot(**found)

    def remove(self, row: str) -> None:
        """Delete the row; a missing row is no error."""
        with self._store.write() as connection:
            connection.execute(delete(snapshots).where(snapshots.c.id == row))

    def by_id(self, row: str) -> Snapshot | None:
        """Return the row with that id, or None."""
        found = self._select(_BY_ID, id=row)
        return found[0] if found else None

    def of(self, environment: str) -> tuple[Snapshot, ...]:
        """Return the snapshots of the environment with that id, the newest first."""
        return self._select(_OF_ENVIRONMENT, environment=environment)

    def of_team(self, team: str) -> tuple[Snapshot, ...]:
        """Return the snapshots of all environments of a team."""
        return self._select(_OF_TEAM, team=team)

    def all(self) -> tuple[Snapshot, ...]:
        """Return every team's snapshots."""
        return self._select(_ALL)

    def _select(self, query: Query, **values: str) -> tuple[Snapshot, ...]:
        return tuple(Snapshot(*found) for found in self._store.rows(query, values))
