"""Find the columns that `[anonymise]` is about, in the models that the database itself lists."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from psycopg.sql import SQL, Composed, Identifier

from oduflow.adapters.postgres.connection import Session
from oduflow.adapters.postgres.neutralisation.catalog import Column, Table, tables
from oduflow.adapters.postgres.neutralisation.failures import shown_name
from oduflow.adapters.postgres.neutralisation.invented import LONGEST, PATTERNS, moved, replacement
from oduflow.domain.anonymisation import FieldRule, Invented
from oduflow.domain.neutralised import NotNeutralised

_MODELS = "SELECT pg_catalog.left(model::text, 128) FROM public.ir_model ORDER BY 1 LIMIT 20000"
_FIELDS = """
    SELECT pg_catalog.left(model::text, 128), pg_catalog.left(name::text, 128),
           pg_catalog.left(ttype::text, 32), pg_catalog.left(related::text, 256)
    FROM public.ir_model_fields WHERE model = ANY (%s) ORDER BY 1, 2 LIMIT 100000
"""
# Stored copies that Odoo computes from a field: they would keep what the field lost.
_COPIES = {"name": ("display_name", "complete_name", "commercial_company_name")}
_SUFFIXES = ("_normalized", "_sanitized")


@dataclass(frozen=True, slots=True)
class AnonymisedColumn:
    """One column that gets invented values.

    Attributes:
        rule: of which it comes; several columns may come of one rule.
        source: the column that the new value derives from, mostly the same.
    """

    rule: FieldRule
    table: str
    column: Column
    source: str

    def value(self, key: str) -> Composed:
        """Return the new value as SQL."""
        name = Identifier(self.column.name)
        if self.rule.invented is Invented.NULL:
            return SQL("{}").format(SQL("NULL"))
        if self.rule.invented is Invented.DATE:
            return SQL("({})::{}").format(moved(name, key), SQL(_date_type(self.column)))
        if self.column.type == "jsonb":  # by language, or by company
            inner = replacement(self.rule.invented, SQL("value"), key)
            return SQL(
                "coalesce((SELECT jsonb_object_agg(key, {}) FROM jsonb_each_text({})), {})"
            ).format(inner, name, name)
        if self.source == self.column.name:
            return replacement(self.rule.invented, name, key)
        derived = replacement(self.rule.invented, Identifier(self.source), key)
        return SQL("CASE WHEN {} IS NOT NULL THEN {} END").format(name, derived)

    def left_over(self) -> Composed:
        """Return the condition of the rows whose value is not an invented one."""
        name = Identifier(self.column.name)
        if self.rule.invented is Invented.NULL:
            return SQL("{} IS NOT NULL").format(name)
        pattern = SQL("'{}'").format(SQL(PATTERNS[self.rule.invented]))
        if self.column.type == "jsonb":
            return SQL(
                "EXISTS (SELECT FROM jsonb_each_text({}) WHERE value <> '' AND value !~ {})"
            ).format(name, pattern)
        return SQL("{0} <> '' AND {0} !~ {1}").format(name, pattern)


def _date_type(column: Column) -> str:
    return "date" if column.type == "date" else "timestamp"


def targets(session: Session, rules: Sequence[FieldRule]) -> tuple[AnonymisedColumn, ...]:
    """Return the columns of every rule.

    Raises:
        NotNeutralised: the database has no such model or field, or it cannot hold such a value.
    """
    models = [str(model) for (model,) in session.run(_MODELS)]
    fields: dict[str, dict[str, tuple[str, str]]] = {}
    for model, name, kind, related in session.run(_FIELDS, [rule.model for rule in rules]):
        fields.setdefault(model, {})[name] = (kind, related or "")
    found = tables(session, {rule.model.replace(".", "_") for rule in rules})
    made: dict[tuple[str, str], AnonymisedColumn] = {}
    for rule in rules:
        table = found.get(rule.model.replace(".", "_"))
        if rule.model not in models or rule.field not in fields.get(rule.model, {}):
            if not rule.optional:
                raise _unknown(rule, models, list(fields.get(rule.model, {})))
            continue
        if table is None or not table.stores_rows or rule.field not in table.columns:
            _, related = fields[rule.model][rule.field]
            raise _refused(
                rule, "has no column of its own", related and f"It shows {shown_name(related)}."
            )
        _check(rule, table.columns[rule.field])
        for target in _of_rule(rule, table):
            made.setdefault((target.table, target.column.name), target)
    return tuple(made.values())


def _of_rule(rule: FieldRule, table: Table) -> Iterator[AnonymisedColumn]:
    """Return the target of the field itself, and those of its stored copies."""
    yield AnonymisedColumn(rule, table.name, table.columns[rule.field], rule.field)
    copies = [f"{rule.field}{suffix}" for suffix in _SUFFIXES]
    for name in (*copies, *_COPIES.get(rule.field, ())):
        column = table.columns.get(name)
        if column is not None and _holds_text(column):
            derived = name.endswith("_normalized")
            yield AnonymisedColumn(rule, table.name, column, rule.field if derived else name)


def _check(rule: FieldRule, column: Column) -> None:
    """Refuse a column that cannot hold such a value.

    Raises:
        NotNeutralised: names the rule and the reason.
    """
    if rule.invented is Invented.NULL:
        if column.required:
            raise _refused(rule, "must have a value", "Choose another word than null.")
    elif rule.invented is Invented.DATE:
        if column.type not in {"date", "timestamp"}:
            raise _refused(rule, f"is of type {column.type}, and holds no date", "")
    elif not _holds_text(column) and column.type != "jsonb":
        raise _refused(rule, f"is of type {column.type}, and holds no text", "Try null or date.")
    elif column.length is not None and column.length < LONGEST:
        hint = f"An invented value may have {LONGEST} characters: choose null."
        raise _refused(rule, f"holds at most {column.length} characters", hint)


def _holds_text(column: Column) -> bool:
    return column.category == "S"


def _unknown(rule: FieldRule, models: list[str], fields: list[str]) -> NotNeutralised:
    if rule.model in models:
        what, wanted, known = f"model {rule.model} has no field {rule.field}", rule.field, fields
    else:
        what, wanted, known = f"there is no model {rule.model}", rule.model, models
    close = get_close_matches(wanted, known, n=1)
    hint = f"Did you mean {shown_name(close[0])}? " if close else ""
    return NotNeutralised(
        f"The database was not anonymised: {what} in this database.",
        f'{hint}Write "{rule}?" if only some databases have it.',
    )


def _refused(rule: FieldRule, reason: str, hint: str) -> NotNeutralised:
    said = f"The database was not anonymised: {rule} = {rule.invented}, but the field {reason}."
    return NotNeutralised(said, hint)
