"""Print an envelope as text."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from oduflow.cli.columns import Row, columns_of
from oduflow.cli.terminal import strip_control_characters
from oduflow.domain.outcome import Envelope

WIDE = frozenset({"log"})
WHOLE = frozenset({"job", "name", "state", "status", "url"})  # people copy them, or they are short
STATE_STYLES = {"running": "green", "failed": "red", "lost": "red", "creating": "yellow"}
_LABEL_WIDTH = 13


def render(envelope: Envelope[Any], console: Console) -> None:
    """Print the summary, then the data, then the next steps."""
    # Including None values: a table's columns must not depend on its first row.
    data = envelope.model_dump(mode="json")
    console.print(_text(envelope.summary, "bold"))
    for warning in envelope.warnings:
        console.print(_text(f"warning: {warning}", "yellow"))
    _render_data(data.get("data") or {}, console)
    for step in envelope.next:
        console.print(_text(f"next: {step}", "dim"))


def _render_data(data: Mapping[str, Any], console: Console) -> None:
    for key, value in data.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            _render_list(key, value, console)
        elif key in WIDE:
            console.print(_text(str(value)))
        elif key == "error" and isinstance(value, dict):
            _render_error(value, console)
        elif isinstance(value, dict) and value:
            console.print(_label(key))
            _render_data(value, console)
        elif value not in (None, [], "", {}):
            console.print(_label(key) + _cell(key, value))


def _render_list(key: str, rows: Sequence[Row], console: Console) -> None:
    columns, is_part = columns_of(key, rows)
    table = Table(box=None, header_style="dim", pad_edge=False)
    whole = _unwrapped(columns, rows, console.width * 3 // 4)
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column in whole)
    for row in rows:
        table.add_row(*(_cell(column, row.get(column)) for column in columns))
    console.print(table)
    if is_part:
        console.print(_text("`--json` shows every field.", "dim"))


def _unwrapped(columns: Sequence[str], rows: Sequence[Row], width_left: int) -> set[str]:
    """Return the columns whose values are not wrapped, while the others still fit."""
    found: set[str] = set()
    for column in columns:
        width = 2 + max(len(str(row.get(column))) for row in rows)
        if column in WHOLE and width <= width_left:
            found.add(column)
            width_left -= width
    return found


def _render_error(error: Mapping[str, Any], console: Console) -> None:
    """Print a failure in the format of `exit_with_error`."""
    said = f"{error.get('kind')}: {error.get('message')}"
    console.print(_label("error") + _text(said, "red"))
    if error.get("hint"):
        console.print(_label("") + _text(f"→ {error['hint']}"))
    if error.get("output"):
        console.print(_text(str(error["output"])), soft_wrap=True)


def _label(key: str) -> Text:
    return Text(f"{key:>{_LABEL_WIDTH}}  ", style="dim")


def _cell(key: str, value: Any) -> Text:
    if value is None:
        return Text()
    if isinstance(value, list):
        value = ", ".join(str(item) for item in value)
    style = STATE_STYLES.get(str(value), "") if key in {"state", "status"} else ""
    return _text(str(value), style)


def _text(content: str, style: str = "") -> Text:
    """Return text without markup and control characters."""
    return Text(strip_control_characters(content), style=style)
