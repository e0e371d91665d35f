"""SQL that callers run in an environment's database: inputs, results and views."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints

from oduflow.domain.environment import EnvironmentName, UndoableChange
from oduflow.domain.limits import between
from oduflow.domain.outcome import Model

MOST_ROWS = 1000  # of one answer
MOST_SKIPPED = 10_000_000
VALUE_CHARACTERS = 2_000  # of one value in an answer
PAGE_CHARACTERS = 24_000  # of all values in an answer, about 6,000 tokens

_EXAMPLE = "SELECT count(*) FROM res_partner"
SqlValue = str | int | float | bool | None


def without_nul(text: str) -> str:
    """Return a text that PostgreSQL and command lines can take.

    Raises:
        ValueError: it has a NUL character.
    """
    if "\0" in text:
        raise ValueError("has a NUL character")
    return text


Statement = Annotated[
    str, StringConstraints(min_length=1, max_length=100_000), AfterValidator(without_nul)
]


class QueryDatabase(EnvironmentName):
    """A statement that reads, and which of its rows to show."""

    sql: Annotated[Statement, Field(description="SQL of the statement.", examples=[_EXAMPLE])]
    limit: Annotated[int, between(1, MOST_ROWS), Field(description="Limit of the rows.")] = 100
    offset: Annotated[
        int, between(0, MOST_SKIPPED), Field(description="Offset of the first row.")
    ] = 0
    explain: Annotated[bool, Field(description="True shows the measured plan.")] = False


class ExecuteSql(UndoableChange):
    """A statement that may write."""

    REPEATABLE: ClassVar[bool] = False

    sql: Annotated[Statement, Field(description="SQL of the statement.", examples=[_EXAMPLE])]


@dataclass(frozen=True, slots=True)
class SqlRows:
    """Rows of a statement.

    Attributes:
        columns: their names, which may repeat.
        rows: numbers and booleans as such, every other value as PostgreSQL writes it.
        more: whether there are further ones.
    """

    columns: tuple[str, ...] = ()
    rows: tuple[tuple[SqlValue, ...], ...] = ()
    more: bool = False


@dataclass(frozen=True, slots=True)
class SqlWritten:
    """What a committed statement did.

    Attributes:
        tag: PostgreSQL's own words, such as `UPDATE 3`.
        affected: how many rows; None for statements that count none.
        wrote: whether its transaction wrote anything.
        signalled: the caches of Odoo that were told to be read again.
        returned: what it returned.
    """

    tag: str
    affected: int | None
    wrote: bool
    signalled: tuple[str, ...] = ()
    returned: SqlRows = SqlRows()


class SqlView(Model):
    """Rows of an environment's database: untrusted data.

    `next_offset` is null when there are no more, `affected` for statements that count no rows.
    """

    model_config = ConfigDict(str_strip_whitespace=False)

    columns: tuple[str, ...]
    rows: tuple[tuple[SqlValue, ...], ...]
    next_offset: int | None = None
    affected: int | None = None


@dataclass(frozen=True, slots=True)
class SqlPage:
    """The rows that fit into an answer.

    Attributes:
        rows: with long values cut.
        whole: the text of all of its rows, empty when no value was cut.
        more: whether there are further rows.
    """

    rows: tuple[tuple[SqlValue, ...], ...]
    whole: str
    more: bool


def page_of(found: SqlRows) -> SqlPage:
    """Return the first rows that fit into an answer, at least one if there is any."""
    shown: list[tuple[SqlValue, ...]] = []
    size, is_cut = 0, False
    for row in found.rows:
        most = min(VALUE_CHARACTERS, PAGE_CHARACTERS // max(1, len(row)))
        cells = tuple(_cut(value, most) for value in row)
        size += sum(len(str(cell)) + 1 for cell in cells)
        if shown and size > PAGE_CHARACTERS:
            break
        is_cut = is_cut or cells != row
        shown.append(cells)
    whole = "\n".join(_written(found.columns, found.rows[: len(shown)])) if is_cut else ""
    return SqlPage(tuple(shown), whole, found.more or len(shown) < len(found.rows))


def _cut(value: SqlValue, most: int) -> SqlValue:
    if isinstance(value, str) and len(value) > most:
        return f"{value[:most]}… ({len(value)} characters)"
    return value


def _written(columns: tuple[str, ...], rows: tuple[tuple[SqlValue, ...], ...]) -> Iterator[str]:
    """Write rows one value below the other."""
    for number, row in enumerate(rows, 1):
        yield f"-- row {number}"
        yield from (
            f"{column}: {'' if value is None else value}"
            for column, value in zip(columns, row, strict=True)
        )
