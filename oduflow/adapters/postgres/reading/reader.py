"""One session that reads a tenant's database for a comparison."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import psycopg
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Composable, Composed, Identifier, Literal

from oduflow.adapters.postgres.connection import Session
from oduflow.adapters.postgres.reading import tables
from oduflow.adapters.postgres.reading.sources import (
    ALWAYS_IGNORED,
    SOURCES,
    RecordSource,
    model_of,
)
from oduflow.domain.comparison.changes import clean
from oduflow.domain.comparison.kinds import KINDS, ROWS, TABLE, DiffSection
from oduflow.domain.comparison.records import Content, Index, Key, RecordDigest, Value
from oduflow.domain.comparison.rows import RowDigest

STATEMENT_SECONDS = 30
LOCK_SECONDS = 5
READ_BYTES = 12 << 20  # of one session, after which the values of further records are left out
_BATCH = 100  # records, and tables that are counted at once: each holds a lock meanwhile
_MOST_COLUMNS = 150  # of one record
_PAGE = 500  # rows of an index
_LARGE_PAGE = 20  # rows with values
_CURSOR = "oduflow_reading"
_SETTINGS = (
    "SET search_path = pg_catalog",  # so that no function or operator of the database is called
    "SET default_transaction_read_only = on",
    f"SET statement_timeout = '{STATEMENT_SECONDS}s'",
    f"SET lock_timeout = '{LOCK_SECONDS}s'",
    "SET TimeZone = 'UTC'",  # a copy does not have the settings of its database
)
_LATER = (psycopg.errors.AdminShutdown, psycopg.errors.ConnectionTimeout)
_STRIPPED = "pg_catalog.jsonb_strip_nulls(pg_catalog.to_jsonb(r.*) - {}::text[])"
# Slower, but `jsonb_strip_nulls` takes nulls out of stored objects, too.
_WITHOUT_NULLS = """(
    SELECT coalesce(pg_catalog.jsonb_object_agg(f.key, f.value), '{{}}'::jsonb)
    FROM pg_catalog.jsonb_each(pg_catalog.to_jsonb(r.*) - {}::text[]) AS f (key, value)
    WHERE pg_catalog.jsonb_typeof(f.value) <> 'null'
)"""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Table:
    """One table: its name, its parts, and its bytes without and with its long values.

    Attributes:
        nested: whether a column's type can hold objects: JSON, composites, arrays of either.
    """

    name: str
    schema: str
    relation: str
    size: int
    whole_size: int
    nested: bool

    @property
    def parts(self) -> dict[str, Composable]:
        """SQL of the table, of the condition of its rows, and of a row `r` as a document."""
        ignored = [*ALWAYS_IGNORED[1:], *tables.IGNORED_COLUMNS.get(self.name, ())]
        return {
            "table": Identifier(self.schema, self.relation),
            "only": SQL(tables.ONLY.get(self.name, "true")),
            "document": SQL(_WITHOUT_NULLS if self.nested else _STRIPPED).format(Literal(ignored)),
        }


@dataclass(frozen=True, slots=True)
class _Count:
    """How many rows a table has, and the digest of all of them; empty where it was not made."""

    rows: str
    digest: str = ""


class Reader:
    """Reads records, values and row counts of one database.

    Args:
        session: the tenant's own, in autocommit.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        for setting in _SETTINGS:
            session.run(setting)

    @contextmanager
    def unchanging(self) -> Iterator[None]:
        """Read the same state of the database in the whole block, also while others write."""
        with self._session.transaction():
            self._session.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield

    def index(self, sections: Iterable[DiffSection]) -> Index:
        """Return the records of the sections, besides the row counts."""
        wanted = set(sections)
        entries: dict[Key, RecordDigest] = {}
        ends: dict[str, str] = {}
        problems: dict[str, str] = {}
        sources = [each for each in SOURCES.values() if KINDS[each.kind].section in wanted]
        relations = self._existing(sources)
        for source in sources:
            if source.table not in relations:
                continue  # a module that is not installed
            rows = self._tried(
                problems,
                source.kind,
                source.index(relations),
                {"kind": source.kind, "most": source.most + 1},
            )
            if len(rows) > source.most:
                rows.pop()
                ends[source.kind] = clean(str(rows[-1][0]))
            _add(entries, source.kind, rows)
        if DiffSection.TABLES in wanted:
            rows = self._tried(problems, TABLE.name, tables.INDEX, {})
            if len(rows) > tables.MOST_TABLES:
                rows.pop()
                ends[TABLE.name] = clean(str(rows[-1][0]))
            _add(entries, TABLE.name, [(*row, model_of(str(row[0]))) for row in rows])
        return Index(entries, ends, problems)

    def contents(self, wanted: Mapping[Key, RecordDigest]) -> dict[Key, Content]:
        """Return the values of records, of as many as fit into an answer."""
        by_kind: defaultdict[str, dict[int, Key]] = defaultdict(dict)
        for key, entry in wanted.items():
            by_kind[key.kind][entry.id] = key
        found: dict[Key, Content] = {}
        relations = self._existing(SOURCES.values())
        for kind, keys in by_kind.items():
            if kind == TABLE.name:
                statement = tables.CONTENTS
            elif kind in SOURCES:
                statement = SOURCES[kind].contents(relations)
            else:
                continue
            for ids in _batches(list(keys)):
                if self._session.received > READ_BYTES:
                    return found
                most = min(tables.MOST_PARTS, len(ids) * _MOST_COLUMNS)
                values = {"kind": kind, "ids": ids, "most": most}
                rows = self._tried({}, kind, statement, values, page=_LARGE_PAGE)
                found.update(self._values(kind, rows, keys))
        return found

    def rows(self, is_counted: Callable[[str], bool]) -> Index:
        """Return how many rows each table has, with a digest of all; large ones are estimated.

        Not within `unchanging`: a transaction that read every table would hold as many locks.

        Args:
            is_counted: whether to count a table; those of wizards are not counted in any case.
        """
        problems: dict[str, str] = {}
        transient = self._transient()
        found = [
            each
            for each in self._tables(problems)
            if each.name not in transient and is_counted(each.name)
        ]
        filled = [each for each in found if each.size]
        large = {each.name for each in filled if each.size > tables.COUNTED_BYTES}
        small = [each for each in filled if each.name not in large]
        digested = _digested(small)
        counts = {each.name: _Count("0", "0") for each in found if not each.size}
        counts |= self._counted([each for each in small if each.name in digested], digest=True)
        counts |= self._counted([each for each in small if each.name not in counts], digest=False)
        for each in filled:
            if each.name not in counts:
                counts[each.name] = _Count(self._estimated(each))
        entries = {
            Key(ROWS.name, clean(name)): RecordDigest(
                count.rows, model=model_of(name), rows=count.digest
            )
            for name, count in counts.items()
        }
        counted = {name for name, each in counts.items() if not each.digest and each.rows != "0"}
        note = _note(large, counted - large)
        return Index(entries, problems=problems, notes={DiffSection.ROWS: note} if note else {})

    def row_digests(self, wanted: Collection[str]) -> dict[str, list[RowDigest]]:
        """Return the digests of all rows of some tables, by the table's name.

        Without those of tables that have too many rows, or that cannot be read.
        """
        found: dict[str, list[RowDigest]] = {}
        left = tables.MOST_OF_ALL_ROWS
        for each in self._tables({}):
            if clean(each.name) not in wanted:
                continue
            most = min(left, tables.MOST_ROWS)
            problems: dict[str, str] = {}
            statement = SQL(
                "SELECT coalesce(pg_catalog.left({document} ->> 'id', {characters}), ''),"
                " pg_catalog.hashtextextended(({document})::text, 0)"
                " FROM ONLY {table} AS r WHERE {only} LIMIT {most}"
            ).format(**each.parts, characters=tables.ID_CHARACTERS, most=most + 1)
            rows = self._tried(problems, each.name, statement, {})
            if not problems and len(rows) <= most:
                found[clean(each.name)] = [RowDigest(str(id_), int(value)) for id_, value in rows]
                left -= len(rows)
        return found

    def _tables(self, problems: dict[str, str]) -> list[_Table]:
        return [
            _Table(str(name), str(schema), str(table), int(size), int(whole), bool(nested))
            for name, schema, table, size, whole, nested in self._tried(
                problems, ROWS.name, tables.SIZES, {}
            )
        ]

    def _existing(self, sources: Iterable[RecordSource]) -> frozenset[str]:
        names = {
            name
            for source in sources
            for name in (source.table, *(source.groups[:1] if source.groups else ()))
        }
        return frozenset(str(name) for (name,) in self._session.run(tables.EXISTING, sorted(names)))

    def _transient(self) -> set[str]:
        found = self._tried({}, ROWS.name, tables.TRANSIENT, {})
        return {str(model).replace(".", "_") for (model,) in found}

    def _counted(self, wanted: list[_Table], *, digest: bool) -> dict[str, _Count]:
        """Return the exact counts; without those of tables that cannot be counted in time."""
        counts: dict[str, _Count] = {}
        for batch in _batches(wanted):
            try:
                counts |= self._count(batch, digest=digest)
            except _LATER:
                raise
            except psycopg.Error as cause:
                self._refuse_broken(cause)
                for each in batch:  # one of them was dropped, or is locked
                    counts |= self._counted_alone(each, digest=digest)
        return counts

    def _counted_alone(self, table: _Table, *, digest: bool) -> dict[str, _Count]:
        try:
            return self._count((table,), digest=digest)
        except _LATER:
            raise
        except psycopg.Error as cause:
            self._refuse_broken(cause)
            return {}

    def _count(self, batch: Sequence[_Table], *, digest: bool) -> dict[str, _Count]:
        value = SQL("pg_catalog.sum(pg_catalog.hashtextextended(({document})::text, 0))")
        numbered = [
            SQL(
                "SELECT {number}, pg_catalog.count(*), {value} FROM ONLY {table} AS r WHERE {only}"
            ).format(
                number=number,
                value=value.format(document=each.parts["document"]) if digest else SQL("NULL"),
                table=each.parts["table"],
                only=each.parts["only"],
            )
            for number, each in enumerate(batch)
        ]
        rows = self._session.run(SQL(" UNION ALL ").join(numbered))
        return {
            batch[int(number)].name: _Count(f"{int(count)}", f"{value or 0}" if digest else "")
            for number, count, value in rows
        }

    def _estimated(self, table: _Table) -> str:
        """Return the planner's estimate of a table's rows."""
        statement = SQL("EXPLAIN (FORMAT JSON) SELECT FROM ONLY {}")
        try:
            ((plan,),) = self._session.run(
                statement.format(Identifier(table.schema, table.relation))
            )
            return f"about {int(plan[0]['Plan']['Plan Rows'])}"
        except _LATER:
            raise
        except psycopg.Error as cause:
            self._refuse_broken(cause)
            return "unknown"
        except (LookupError, TypeError, ValueError):
            return "unknown"

    def _values(
        self, kind: str, rows: Iterable[TupleRow], keys: Mapping[int, Key]
    ) -> dict[Key, Content]:
        found: defaultdict[Key, dict[str, Value]] = defaultdict(dict)
        for id_, column, is_secret, text, digest in rows:
            key = keys.get(int(id_))
            if key is not None and text is not None:
                found[key][clean(str(column))] = Value(str(text), str(digest), bool(is_secret))
        if kind in SOURCES:
            self._name_references(SOURCES[kind], found.values())
        return dict(found)

    def _name_references(self, source: RecordSource, contents: Iterable[dict[str, Value]]) -> None:
        """Put external ids in place of the numbers of other records."""
        references = {
            str(column): model_of(str(table))
            for column, table in self._tried({}, "", tables.REFERENCES, [source.table])
        }
        numbers = [
            (content, column, references[column], int(value.text))
            for content in contents
            for column, value in content.items()
            if column in references and value.text.isascii() and value.text.isdigit()
        ]
        ids = sorted({number for *_, number in numbers if number < 1 << 31})
        rows = self._tried({}, "", tables.NAMES_OF, [sorted(set(references.values())), ids])
        names = {(str(model), int(id_)): clean(str(name)) for model, id_, name in rows}
        for content, column, model, number in numbers:
            name = names.get((model, number))
            if name is not None:
                content[column] = replace(content[column], text=name, digest=name)

    def _tried(
        self,
        problems: dict[str, str],
        kind: str,
        statement: str | Composed,
        values: Any,
        *,
        page: int = _PAGE,
    ) -> list[TupleRow]:
        """Run a statement; one that fails adds its reason to the problems and returns no row.

        It is fetched in pages that fit into the socket's buffer: the session counts what waits
        there, and would count what stays there again.
        """
        rows: list[TupleRow] = []
        try:
            with self._session.transaction(), self._session.cursor(_CURSOR) as cursor:
                cursor.execute(statement, values or None)
                while some := cursor.fetchmany(page):
                    rows += some
            return rows  # noqa: TRY300 - the transaction may fail at its end
        except _LATER:
            raise
        except psycopg.Error as cause:
            self._refuse_broken(cause)
            reason = cause.diag.message_primary or type(cause).__name__
            problems[kind] = clean(" ".join(reason.split()))[:200]
            return []

    def _refuse_broken(self, cause: psycopg.Error) -> None:
        """Raise the error after which the session does not work any more."""
        if self._session.closed:
            raise cause


def _batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), _BATCH):
        yield items[start : start + _BATCH]


def _add(entries: dict[Key, RecordDigest], kind: str, rows: Iterable[TupleRow]) -> None:
    for name, id_, digest, model in rows:
        key = Key(kind, clean(str(name)))
        if key in entries:
            key = Key(kind, f"{key.name} #{id_}")
        entries[key] = RecordDigest(str(digest), int(id_), str(model or ""))


def _digested(found: Iterable[_Table]) -> set[str]:
    """Return the tables whose rows are compared, the smallest first until there is no more room."""
    names, left = set(), tables.ALL_DIGESTED_BYTES
    for each in sorted(found, key=lambda each: each.whole_size):
        left -= each.whole_size
        if each.whole_size > tables.DIGESTED_BYTES or left < 0:
            break
        names.add(each.name)
    return names


def _note(large: set[str], counted: set[str]) -> str:
    """Say which tables were not compared row by row."""
    notes = []
    if large:
        notes.append(
            f"Estimated, because they are larger than {tables.COUNTED_BYTES >> 20} MiB, "
            f"so that few new rows do not show: {_listed(large)}."
        )
    if counted:
        notes.append(f"Only counted, so that an update does not show: {_listed(counted)}.")
    return " ".join(notes)


def _listed(names: set[str]) -> str:
    first = ", ".join(map(clean, sorted(names)[:10]))
    return f"{first} and {len(names) - 10} more" if len(names) > 10 else first  # noqa: PLR2004
