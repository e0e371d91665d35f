"""Replace values by invented ones: one UPDATE for each table, then a count of what is left."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from operator import attrgetter

from psycopg.sql import SQL, Composed, Identifier, Literal

from oduflow.adapters.postgres.connection import Session
from oduflow.adapters.postgres.neutralisation.catalog import tables
from oduflow.adapters.postgres.neutralisation.failures import naming
from oduflow.adapters.postgres.neutralisation.invented import PATTERNS, replacement
from oduflow.adapters.postgres.neutralisation.targets import AnonymisedColumn, targets
from oduflow.domain.anonymisation import FieldRule, Invented
from oduflow.domain.neutralised import NotNeutralised, RuleApplied

_TRANSLATIONS = "ir_translation"  # up to 15.0; later a translated column is jsonb
_HINT = "Choose another word for the field in [anonymise], or leave it out."


@dataclass(frozen=True, slots=True)
class _Expected:
    """What must be found after the commit: values in all, and the sum of moved dates."""

    count: int
    total: Decimal | None


def anonymise(session: Session, rules: Sequence[FieldRule], key: str) -> tuple[RuleApplied, ...]:
    """Replace the values of every rule's column, all or none, and prove it.

    Args:
        session: of the database's own role, in autocommit.
        rules: what to replace.
        key: of the hash that replacements derive from; a secret.

    Returns:
        Each column and how many values were replaced.

    Raises:
        NotNeutralised: an unknown field, a refused value, or a value that is still there.
    """
    found = targets(session, rules)
    by_table = [(name, list(some)) for name, some in groupby(_sorted(found), attrgetter("table"))]
    translated = _TRANSLATIONS in tables(session, [_TRANSLATIONS])
    expected: dict[AnonymisedColumn, _Expected] = {}
    with session.transaction():
        for table, some in by_table:
            with naming(f"anonymising {table}", _HINT):
                expected |= dict(zip(some, _measured(session, table, some, key), strict=True))
                session.execute(_update(table, some, key))
        for target in found if translated else ():
            with naming(f"anonymising the translations of {target.rule}", _HINT):
                session.execute(_update_translations(target, key))
    left = [each for table, some in by_table for each in _left(session, table, some, expected)]
    if translated:
        left += [each for target in found for each in _left_translations(session, target)]
    if left:
        raise NotNeutralised(
            f"The database was not anonymised: reading back, {left[0]}.",
            "Look for rules and triggers of the database's own on this table.",
            output="\n".join(left),
        )
    for table, _ in by_table:  # dead rows would keep the values in the files of every copy
        session.execute(SQL("VACUUM (ANALYZE) {}").format(Identifier("public", table)))
    return tuple(
        RuleApplied(rule=f"{target.rule.model}.{target.column.name}", rows=expected[target].count)
        for target in found
    )


def _sorted(found: Sequence[AnonymisedColumn]) -> list[AnonymisedColumn]:
    return sorted(found, key=attrgetter("table"))


def _update(table: str, some: list[AnonymisedColumn], key: str) -> Composed:
    return SQL("UPDATE {} SET {} WHERE {}").format(
        Identifier("public", table),
        SQL(", ").join(
            SQL("{} = {}").format(Identifier(each.column.name), each.value(key)) for each in some
        ),
        SQL(" OR ").join(SQL("{} IS NOT NULL").format(Identifier(t.column.name)) for t in some),
    )


def _measured(
    session: Session, table: str, some: list[AnonymisedColumn], key: str
) -> Iterator[_Expected]:
    """Return what each column must hold after the update."""
    yield from _measure(session, table, [(each, each.value(key)) for each in some])


def _measure(
    session: Session, table: str, some: list[tuple[AnonymisedColumn, Composed]]
) -> Iterator[_Expected]:
    parts = [
        SQL("count({}), {}").format(
            Identifier(target.column.name),
            SQL("sum(extract(epoch FROM {}))").format(value)
            if target.rule.invented is Invented.DATE
            else SQL("NULL"),
        )
        for target, value in some
    ]
    query = SQL("SELECT {} FROM {}").format(SQL(", ").join(parts), Identifier("public", table))
    [row] = session.run(query)
    for index in range(len(some)):
        yield _Expected(row[2 * index], row[2 * index + 1])


def _left(
    session: Session,
    table: str,
    some: list[AnonymisedColumn],
    expected: dict[AnonymisedColumn, _Expected],
) -> Iterator[str]:
    """Return a sentence for each column that does not hold what it must."""
    with session.transaction():
        session.run("SET TRANSACTION READ ONLY")
        session.run("SET LOCAL search_path = pg_catalog")
        session.run("SET LOCAL row_security = off")
        with naming(f"reading {table} back", _HINT):
            plain = [(each, SQL("{}").format(Identifier(each.column.name))) for each in some]
            now = dict(zip(some, _measure(session, table, plain), strict=True))
            counts = [
                SQL("count(*) FILTER (WHERE {})").format(each.left_over())
                for each in some
                if each.rule.invented is not Invented.DATE
            ]
            query = SQL("SELECT {} FROM {}").format(
                SQL(", ").join([SQL("count(*)"), *counts]), Identifier("public", table)
            )
            [[_, *rows]] = session.run(query)
    remaining = iter(rows)
    for each in some:
        name, emptied = f"{table}.{each.column.name}", each.rule.invented is Invented.NULL
        number = 0 if each.rule.invented is Invented.DATE else next(remaining)
        if number:
            yield f"{number} values of {name} are as they were"
        elif not emptied and now[each] != expected[each]:
            yield f"{name} holds {now[each].count} values, not the {expected[each].count} expected"


def _translations_of(target: AnonymisedColumn) -> Composed:
    name = f"{target.rule.model},{target.column.name}"
    return SQL("name = {} AND type IN ('model', 'model_terms')").format(Literal(name))


def _update_translations(target: AnonymisedColumn, key: str) -> Composed:
    where = _translations_of(target)
    if target.rule.invented not in PATTERNS:
        return SQL("DELETE FROM public.ir_translation WHERE {}").format(where)
    return SQL("UPDATE public.ir_translation SET src = {}, value = {} WHERE {}").format(
        replacement(target.rule.invented, Identifier("src"), key),
        replacement(target.rule.invented, Identifier("value"), key),
        where,
    )


def _left_translations(session: Session, target: AnonymisedColumn) -> Iterator[str]:
    pattern = PATTERNS.get(target.rule.invented, "^$")
    query = SQL(
        "SELECT count(*) FROM public.ir_translation WHERE {} AND"
        " ((src <> '' AND src !~ {}) OR (value <> '' AND value !~ {}))"
    ).format(_translations_of(target), Literal(pattern), Literal(pattern))
    [[number]] = session.run(query)
    if number:
        yield f"{number} translations of {target.rule} are as they were"
