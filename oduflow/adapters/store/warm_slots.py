"""Warm slots in the store."""

from typing import TypedDict, Unpack

from sqlalchemy import ColumnElement, delete, select, update

from oduflow.adapters.store.engine import Store
from oduflow.adapters.store.tables import environments, warm_slots
from oduflow.domain.errors import NotFound, QuotaReached
from oduflow.domain.filestore import FilestoreKind
from oduflow.domain.warm_slot import WarmSlot, WarmSlotState


class WarmSlotChanges(TypedDict, total=False):
    """The columns of a slot that may change."""

    state: WarmSlotState
    filestore: FilestoreKind


class WarmSlots:
    """Every team's warm slots. `Environments.claim` turns one into an environment.

    Args:
        store: where the table lives.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, row: WarmSlot, first: int, last: int) -> WarmSlot:
        """Write a new row with the highest free host port; environments take the lowest.

        Args:
            row: the slot, without a port.
            first: lowest port of the range.
            last: highest, itself included.

        Returns:
            The slot with its port.

        Raises:
            QuotaReached: no port of the range is free.
        """
        columns = (environments.c.port, warm_slots.c.port)
        values = {column.name: getattr(row, column.name) for column in warm_slots.columns}
        with self._store.write() as connection:
            taken = {port for column in columns for port in connection.scalars(select(column))}
            port = next((each for each in range(last, first - 1, -1) if each not in taken), None)
            if port is None:
                raise QuotaReached(f"No host port of {first}-{last} is free for a warm slot.")
            connection.execute(warm_slots.insert(), {**values, "port": port})
        return self._existing(row.id)

    def update(self, row: str, **changes: Unpack[WarmSlotChanges]) -> WarmSlot:
        """Change a row and return the changed row.

        Raises:
            NotFound: the row is gone.
        """
        with self._store.write() as connection:
            connection.execute(update(warm_slots).where(warm_slots.c.id == row).values(**changes))
        return self._existing(row)

    def remove(self, row: str) -> None:
        """Delete the row; a missing row is no error."""
        with self._store.write() as connection:
            connection.execute(delete(warm_slots).where(warm_slots.c.id == row))

    def by_id(self, row: str) -> WarmSlot | None:
        """Return the row with that id, or None."""
        found = self._select(warm_slots.c.id == row)
        return found[0] if found else None

    def of(self, team: str) -> tuple[WarmSlot, ...]:
        """Return a team's slots, the oldest first."""
        return self._select(warm_slots.c.team == team)

    def all(self) -> tuple[WarmSlot, ...]:
        """Return every team's slots."""
        return self._select()

    def _select(self, *conditions: ColumnElement[bool]) -> tuple[WarmSlot, ...]:
        table = warm_slots
        query = select(table).where(*conditions).order_by(table.c.created_at, table.c.id)
        with self._store.read() as connection:
            return tuple(WarmSlot(**found) for found in connection.execute(query).mappings())

    def _existing(self, row: str) -> WarmSlot:
        found = self.by_id(row)
        if found is None:
            raise NotFound("The warm slot no longer exists.")
        return found
