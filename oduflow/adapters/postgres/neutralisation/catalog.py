"""Which tables and columns a tenant's database has: asked, never assumed from a version."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field

from oduflow.adapters.postgres.connection import Session

_MOST_COLUMNS = 100_000
_COLUMNS = """
    SELECT c.relname::text, c.relkind::text, a.attname::text, t.typname::text, t.typcategory::text,
           a.attnotnull, a.atttypmod
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid
    JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
    WHERE c.relnamespace = 'public'::pg_catalog.regnamespace AND c.relname = ANY (%s)
      AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY c.relname, a.attnum LIMIT %s
"""
_HIDING = """
    SELECT DISTINCT c.relname::text
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = current_user AND c.relname = ANY (%s) ORDER BY 1
"""
_VARCHAR_HEADER = 4  # atttypmod of a varchar(n) is n + 4


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        type: its name in `pg_type`, such as varchar or jsonb.
        category: `pg_type.typcategory`: S for texts, B for booleans, D for dates and times.
        required: it refuses NULL.
        length: of a varchar(n); None without a limit.
    """

    name: str
    type: str
    category: str
    required: bool
    length: int | None


@dataclass(frozen=True, slots=True)
class Table:
    """A relation and its columns; `kind` is `pg_class.relkind`."""

    name: str
    kind: str
    columns: dict[str, Column] = field(default_factory=dict)

    @property
    def stores_rows(self) -> bool:
        """Whether it is a table and not, for instance, a view."""
        return self.kind in {"r", "p"}

    def matching(self, pattern: str, *, boolean: bool) -> list[Column]:
        """Return the text columns, or the boolean ones, whose whole name matches."""
        category = "B" if boolean else "S"
        return [
            column
            for column in self.columns.values()
            if column.category == category and re.fullmatch(pattern, column.name)
        ]


def tables(session: Session, names: Collection[str]) -> dict[str, Table]:
    """Return the relations of these names in `public`; those that do not exist are left out."""
    found: dict[str, Table] = {}
    for name, kind, column, type_, category, required, modifier in session.run(
        _COLUMNS, sorted(names), _MOST_COLUMNS
    ):
        table = found.setdefault(name, Table(name, kind))
        limited = type_ in {"varchar", "bpchar"} and modifier > _VARCHAR_HEADER
        length = modifier - _VARCHAR_HEADER if limited else None
        table.columns[column] = Column(column, type_, category, required, length)
    return found


def hidden(session: Session, names: Collection[str]) -> list[str]:
    """Return the names that Odoo finds in a schema named like its role, and not in `public`.

    Its search path is PostgreSQL's own: `"$user", public`.
    """
    return [name for (name,) in session.run(_HIDING, sorted(names))]
