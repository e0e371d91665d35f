"""Print rows: as a table that fits a terminal, else as values with tabs between them.

A value that people copy, such as a URL, is never folded. Where a table is too wide, its last
columns are left out; what is left is folded between words, or runs over the edge as a whole.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table
from rich.text import Text

WHOLE = frozenset({"job", "name", "state", "status", "target", "tool", "url"})
_KEPT = frozenset({"job", "name", "tool", "url"})  # left out at no width
_NARROWEST = 12  # characters of a column that may be folded
_GAP = 2

Cells = Sequence[Sequence[Text]]


def print_table(console: Console, columns: Sequence[str], rows: Cells) -> bool:
    """Print rows below their columns' names; return whether columns were left out."""
    if not console.is_terminal:
        for row in (columns, *rows):
            console.file.write("\t".join(" ".join(str(cell).split()) for cell in row) + "\n")
        return False
    least = [_least(column, _width(columns, rows, n)) for n, column in enumerate(columns)]
    kept = _fitting(columns, least, console.width)
    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, _GAP, 0, 0))
    for number in kept:
        table.add_column(
            columns[number],
            overflow="fold",
            no_wrap=columns[number] in WHOLE,
            min_width=least[number],
        )
    for row in rows:
        table.add_row(*(row[number] for number in kept))
    with _at_least(console, _total(least, kept)):
        console.print(table)
    return len(kept) < len(columns)


def _fitting(columns: Sequence[str], least: Sequence[int], width: int) -> list[int]:
    """Return the numbers of the columns that fit into a width; the last are left out first."""
    kept = list(range(len(columns)))
    for number in reversed(range(1, len(columns))):
        if _total(least, kept) > width and columns[number] not in _KEPT:
            kept.remove(number)
    return kept


def _total(least: Sequence[int], kept: Sequence[int]) -> int:
    return sum(least[number] for number in kept) + _GAP * len(kept)


def _width(columns: Sequence[str], rows: Cells, number: int) -> int:
    return max(len(columns[number]), *(row[number].cell_len for row in rows), 0)


def _least(column: str, width: int) -> int:
    return width if column in WHOLE else min(width, max(_NARROWEST, len(column)))


@contextmanager
def _at_least(console: Console, width: int) -> Iterator[None]:
    """Let a table be wider than the terminal, which then breaks its lines itself."""
    before = console.width
    console.width = max(before, width)
    try:
        yield
    finally:
        console.width = before
