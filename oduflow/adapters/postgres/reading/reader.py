"""One session that reads a tenant's database for a comparison."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar

import psycopg
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Identifier

from oduflow.adapters.postgres.connection import Session
from oduflow.adapters.postgres.reading import tables
from oduflow.adapters.postgres.reading.sources import SOURCES, RecordSource, model_of
from oduflow.domain.comparison.changes import clean
from oduflow.domain.comparison.kinds import KINDS, ROWS, TABLE, DiffSection
from oduflow.domain.comparison.records import Content, Index, Key, RecordDigest, Value

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
)
_LATER = (psycopg.errors.AdminShutdown, psycopg.errors.ConnectionTimeout)


T = TypeVar("T")


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
        """Return how many rows each table has; large ones are estimated.

        Not within `unchanging`: a transaction that read every table would hold as many locks.

        Args:
            is_counted: whether to count a table; those of wizards are not counted in any case.
        """
        problems: dict[str, str] = {}
        transient = self._transient()
        found = [
            (str(name), str(schema), str(table), int(size))
            for name, schema, table, size in self._tried(problems, ROWS.name, tables.SIZES, {})
            if name not in transient and is_counted(str(name))
        ]
        small = [(name, schema, table) for name, schema, table, size in found if size]
        large = {name for name, _, _, size in found if size > tables.COUNTED_BYTES}
        counts = {name: "0" for name, _, _, size in found if not size}
        counts |= self._counted([each for each in small if each[0] not in large])
        for name, schema, table in small:
            if name not in counts:
                counts[name] = self._estimated(schema, table)
        entries = {
            Key(ROWS.name, clean(name)): RecordDigest(count, model=model_of(name))
            for name, count in counts.items()
        }
        notes = {DiffSection.ROWS: _note(large)} if large else {}
        return Index(entries, problems=problems, notes=notes)

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

    def _counted(self, wanted: list[tuple[str, str, str]]) -> dict[str, str]:
        """Return the exact counts; without those of tables that cannot be counted in time."""
        counts: dict[str, str] = {}
        for batch in _batches(wanted):
            try:
                counts |= self._count(batch)
            except _LATER:
                raise
            except psycopg.Error as cause:
                self._refuse_broken(cause)
                for each in batch:  # one of them was dropped, or is locked
                    counts |= self._counted_alone(each)
        return counts

    def _counted_alone(self, table: tuple[str, str, str]) -> dict[str, str]:
        try:
            return self._count((table,))
        except _LATER:
            raise
        except psycopg.Error as cause:
            self._refuse_broken(cause)
            return {}

    def _count(self, batch: Sequence[tuple[str, str, str]]) -> dict[str, str]:
        parts = [
            SQL(tables.ATTACHMENTS)
            if name == "ir_attachment"
            else SQL("SELECT pg_catalog.count(*) FROM ONLY {}").format(Identifier(schema, table))
            for name, schema, table in batch
        ]
        numbered = [SQL("SELECT {}, ({})").format(n, part) for n, part in enumerate(parts)]
        rows = self._session.run(SQL(" UNION ALL ").join(numbered))
        return {batch[int(number)][0]: f"{int(count)}" for number, count in rows}

    def _estimated(self, schema: str, table: str) -> str:
        """Return the planner's estimate of a table's rows."""
        statement = SQL("EXPLAIN (FORMAT JSON) SELECT FROM ONLY {}")
        try:
            ((plan,),) = self._session.run(statement.format(Identifier(schema, table)))
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
        statement: str,
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


def _note(large: set[str]) -> str:
    first = ", ".join(map(clean, sorted(large)[:10]))
    more = f" and {len(large) - 10} more" if len(large) > 10 else ""  # noqa: PLR2004 - as above
    return (
        f"Estimated, because they are larger than {tables.COUNTED_BYTES >> 20} MiB, "
        f"so that few new rows do not show: {first}{more}."
    )
