"""Show an envelope to a person."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from oduflow.cli.lines import plain
from oduflow.domain.outcome import Envelope

WIDE = frozenset({"log"})
STATE_STYLES = {"running": "green", "failed": "red", "lost": "red", "creating": "yellow"}


def render(envelope: Envelope[Any], console: Console) -> None:
    """Print the verdict first, then the data, then what to do next."""
    data = envelope.model_dump(mode="json", exclude_none=True)
    console.print(_text(envelope.summary, "bold"))
    for warning in envelope.warnings:
        console.print(_text(f"warning: {warning}", "yellow"))
    _render_data(data.get("data") or {}, console)
    for step in envelope.next:
        console.print(_text(f"next: {step}", "dim"))


def _render_data(data: Mapping[str, Any], console: Console) -> None:
    for key, value in data.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            console.print(_table(value))
        elif key in WIDE:
            console.print(_text(str(value)))
        elif value not in (None, [], "", {}):
            console.print(Text(f"{key:>12}  ", style="dim") + _cell(key, value))


def _table(rows: Sequence[Mapping[str, Any]]) -> Table:
    columns = [key for key, value in rows[0].items() if not isinstance(value, dict)]
    table = Table(box=None, header_style="dim", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(_cell(column, row.get(column, "")) for column in columns))
    return table


def _cell(key: str, value: Any) -> Text:
    if isinstance(value, list):
        value = ", ".join(str(item) for item in value)
    style = STATE_STYLES.get(str(value), "") if key in {"state", "status"} else ""
    return _text(str(value), style)


def _text(content: str, style: str = "") -> Text:
    """Make text that is neither markup nor an order to the terminal."""
    return Text(plain(content), style=style)
