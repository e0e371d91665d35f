"""Measured sizes in the store: of environments, snapshots, templates, and of whole teams."""

from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy import bindparam, delete, func, insert, select, update

from oduflow.adapters.store.engine import Store
from oduflow.adapters.store.tables import sizes
from oduflow.domain.clock import now
from oduflow.domain.storage import WHOLE_TEAM, MeasuredSize

COUNTED = "counted:"  # before the id of what is not measured yet
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_OF_TEAM = select(sizes).where(sizes.c.team == bindparam("team"))


class Sizes:
    """The last measurement of each team."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def of(self, team: str) -> Mapping[str, MeasuredSize]:
        """Return a team's sizes by the id of each thing, and under `WHOLE_TEAM` all of it."""
        return {
            row.id: MeasuredSize(row.own, row.shared, row.measured_at)
            for row in self._store.rows(_OF_TEAM, {"team": team})
        }

    def replace(self, team: str, measured: Mapping[str, tuple[int, int]]) -> None:
        """Store a team's measurement in place of the former one: own and shared bytes by id."""
        moment = now()
        rows = [
            {"team": team, "id": id_, "own": own, "shared": shared, "measured_at": moment}
            for id_, (own, shared) in measured.items()
        ]
        with self._store.write(lasting=False) as connection:
            connection.execute(delete(sizes).where(sizes.c.team == team))
            connection.execute(insert(sizes), rows)

    def add(self, team: str, needed: int) -> None:
        """Count bytes that the team is about to write until the next measurement."""
        statement = update(sizes).where(sizes.c.team == team, sizes.c.id == WHOLE_TEAM)
        with self._store.write(lasting=False) as connection:
            connection.execute(statement.values(own=sizes.c.own + needed))

    def count_for(self, team: str, id_: str, counted: int) -> None:
        """Note that `add` counted bytes for a thing, once: `forget` subtracts them.

        The next measurement of the team, which finds the thing itself, replaces the note.
        """
        noted = {"team": team, "id": COUNTED + id_, "own": counted, "shared": 0}
        with self._store.write(lasting=False) as connection:
            connection.execute(insert(sizes).values(**noted, measured_at=_LONG_AGO))

    def forget(self, team: str, id_: str) -> None:
        """Forget what was removed: what only it had, or was counted for it, counts no longer.

        The measurement becomes old, because blocks that it shared with one other are now that
        one's own.
        """
        mine = sizes.c.team == team
        its = sizes.c.id.in_((id_, COUNTED + id_))
        own = select(func.sum(sizes.c.own)).where(mine, its).scalar_subquery()
        freed = func.coalesce(own, 0)
        whole = update(sizes).where(mine, sizes.c.id == WHOLE_TEAM)
        with self._store.write(lasting=False) as connection:
            connection.execute(
                whole.values(own=func.max(0, sizes.c.own - freed), measured_at=_LONG_AGO)
            )
            connection.execute(delete(sizes).where(mine, its))
