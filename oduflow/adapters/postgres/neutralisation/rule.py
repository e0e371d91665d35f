"""A rule of neutralisation: rows that must not exist in this form, and what becomes of them.

The same predicate chooses the rows to change and the rows that contradict the rule afterwards, so
that a rule cannot be applied without being provable.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import LiteralString

from psycopg.sql import SQL, Composed, Identifier

from oduflow.adapters.postgres.neutralisation.catalog import Column, Table

NULL: LiteralString = "NULL"


@dataclass(frozen=True, slots=True)
class Rule:
    """Set columns of a table's rows, or delete the rows.

    A column that the version does not have is left out. NULL becomes an empty text where the
    column refuses NULL.

    Attributes:
        name: in words, as it is shown.
        table: in `public`.
        set: the value of each column as SQL; empty: the rows are deleted.
        where: which rows, as SQL.
        needs: columns that `where` names, without which the rule does not apply.
        like: the value of each text or boolean column whose name matches, as SQL, by a regular
            expression of the whole name.
    """

    name: str
    table: str
    set: Mapping[str, LiteralString] = field(default_factory=dict)
    where: LiteralString = "true"
    needs: tuple[str, ...] = ()
    like: Mapping[str, LiteralString] = field(default_factory=dict)

    def applies(self, table: Table) -> bool:
        """Whether the table has what the rule is about."""
        if not all(name in table.columns for name in self.needs):
            return False
        return not (self.set or self.like) or bool(self._values(table))

    def statement(self, table: Table) -> Composed:
        """Return the UPDATE or DELETE."""
        name, where = Identifier("public", self.table), self.contradicting(table)
        values = self._values(table)
        if not values:
            return SQL("DELETE FROM {} WHERE {}").format(name, where)
        assignments = SQL(", ").join(
            SQL("{} = {}").format(Identifier(column), value) for column, value in values
        )
        return SQL("UPDATE {} SET {} WHERE {}").format(name, assignments, where)

    def contradicting(self, table: Table) -> Composed:
        """Return the condition of the rows that the rule has still to change."""
        where: Composed = SQL("({})").format(SQL(self.where))
        values = self._values(table)
        if not values:
            return where
        differing = SQL(" OR ").join(
            SQL("{} IS DISTINCT FROM {}").format(Identifier(column), value)
            for column, value in values
        )
        return SQL("{} AND ({})").format(where, differing)

    def _values(self, table: Table) -> list[tuple[str, SQL]]:
        named = [(name, value) for name, value in self.set.items() if name in table.columns]
        matched = [
            (column.name, value)
            for pattern, value in self.like.items()
            for column in table.matching(pattern, boolean=value != NULL)
            if column.name not in self.set
        ]
        return [(name, _value(table.columns[name], value)) for name, value in named + matched]


def _value(column: Column, value: LiteralString) -> SQL:
    return SQL("''") if value == NULL and column.required else SQL(value)
