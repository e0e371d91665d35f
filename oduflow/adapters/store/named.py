"""Rows that a team finds by name: environments, templates, extra repos and grants."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from sqlalchemy import Connection, Table, bindparam, delete, func, select, update
from sqlalchemy.exc import IntegrityError

from oduflow.adapters.store.engine import Query, Store
from oduflow.domain.errors import Conflict, Failure, NotFound, QuotaReached


class _Named(Protocol):
    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def team(self) -> str: ...

    @property
    def name(self) -> str: ...


R = TypeVar("R", bound=_Named)


class NamedRows(Generic[R]):
    """One table whose columns are the fields of one frozen dataclass.

    Args:
        store: where the table lives.
        table: the table, unique by id and by (team, name).
        row: the dataclass.
        noun: the word for a row in messages.
        changes: a TypedDict of the columns that `_update` may change.
    """

    def __init__(
        self, store: Store, table: Table, row: type[R], noun: str, changes: type | None = None
    ) -> None:
        self._store = store
        self._table = table
        self._row = row
        self._noun = noun
        self._changeable = frozenset(changes.__annotations__ if changes else ())
        columns = (table.c[each.name] for each in fields(row))
        self._every = select(*columns).order_by(table.c.team, table.c.name)
        self._by_id = self._every.where(table.c.id == bindparam("id"))
        self._of_team = self._every.where(table.c.team == bindparam("team"))
        self._by_name = self._of_team.where(table.c.name == bindparam("name"))

    def add(self, row: R, *, limit: int | None = None) -> None:
        """Write a new row.

        Args:
            row: the row.
            limit: how many the team may have, this one included; None is no limit.

        Raises:
            Conflict: the team has one of that name, or something that the row needs is gone.
            QuotaReached: the team has `limit` already, in any state.
            Unauthenticated: the grant whose holder makes a grant was revoked meanwhile.
        """
        with self._store.write() as connection:
            self._add(connection, row, limit)

    def get(self, team: str, name: str) -> R | None:
        """Return the team's row of that name, or None."""
        return self._find(self._by_name, team=team, name=name)

    def by_id(self, row: str) -> R | None:
        """Return the row with that id, or None."""
        return self._find(self._by_id, id=row)

    def list(self, team: str) -> tuple[R, ...]:
        """Return the team's rows, by name."""
        return self._select(self._of_team, team=team)

    def all(self) -> tuple[R, ...]:
        """Return every team's rows, by team and name."""
        return self._select(self._every)

    def remove(self, row: str) -> None:
        """Delete the row; a missing row is no error."""
        with self._store.write() as connection:
            connection.execute(delete(self._table).where(self._table.c.id == row))

    def _add(self, connection: Connection, row: R, limit: int | None) -> None:
        values = {column.name: getattr(row, column.name) for column in self._table.columns}
        self._check_new(connection, row)
        try:
            connection.execute(self._table.insert(), values)
        except IntegrityError as error:
            raise self._refusal(row, error) from error
        before = self._count(connection, row.team) - 1
        if limit is not None and before >= limit:
            raise self._full(before, limit)

    def _find(self, query: Query, **values: str) -> R | None:
        found = self._select(query, **values)
        return found[0] if found else None

    def _select(self, query: Query, **values: str) -> tuple[R, ...]:
        """Return the rows of a query of `_every`'s columns, which are the fields in their order."""
        return tuple(self._row(*found) for found in self._store.rows(query, values))

    def _count(self, connection: Connection, team: str) -> int:
        count = select(func.count()).select_from(self._table).where(self._table.c.team == team)
        return connection.scalar(count) or 0

    def _check_new(self, connection: Connection, row: R) -> None:
        """Refuse a new row for a reason that no constraint of the table states."""

    def _refusal(self, row: R, _error: IntegrityError) -> Failure:
        """Return the error for a new row that violates a constraint."""
        article = "an" if self._noun[0] in "aeiou" else "a"
        return Conflict(
            f"There is {article} {self._noun} “{row.name}” already.",
            f"Choose another name, or delete that {self._noun} first.",
        )

    def _full(self, count: int, limit: int) -> QuotaReached:
        """Return the error for a team that has `count` rows and may have `limit`."""
        return QuotaReached(f"The team has {count} of {limit} {self._noun}s.", "Delete one first.")

    def _update(self, row: str, changes: Mapping[str, Any]) -> R:
        if unknown := changes.keys() - self._changeable:
            raise TypeError(f"{self._noun}: no change of {', '.join(sorted(unknown))}")
        if not changes:
            return self._existing(self.by_id(row))
        statement = (
            update(self._table)
            .where(self._table.c.id == row)
            .values(**changes)
            .returning(self._table)
        )
        with self._store.write() as connection:
            found = connection.execute(statement).mappings().one_or_none()
        return self._existing(None if found is None else self._row(**found))

    def _existing(self, row: R | None) -> R:
        if row is None:
            raise NotFound(f"The {self._noun} no longer exists.", "List them to see what does.")
        return row
