"""Print the progress of a call on stderr, and its result on stdout as text or as JSON."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from oduflow.cli.failures import EXIT_CODES, exit_with_error
from oduflow.cli.terminal import echo, strip_control_characters
from oduflow.domain.outcome import Envelope

Row = Mapping[str, Any]
# By the field that holds the rows; `--json` has the other columns. Every row has the first two
# fields, else the list is of another kind (an environment's extra repos are pins) and shows all.
COLUMNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "credentials": ("host", "path", "username", "provider", "state", "expires_at"),
        "entries": ("number", "time", "actor", "face", "operation", "outcome", "count"),
        "environments": ("name", "state", "branch", "template", "url", "created_by"),
        "extra_repos": ("name", "state", "branch", "repo_url", "environments"),
        "grants": ("name", "state", "environments", "tiers", "calls_left", "expires_at"),
        "jobs": ("job", "operation", "target", "status", "step", "position", "created_by"),
        "templates": ("name", "state", "odoo_image", "modules", "environments"),
    }
)
_EMPTY: tuple[object, ...] = (None, "", [], {})
WIDE = frozenset({"log", "text"})
WHOLE = frozenset({"job", "name", "state", "status", "url"})  # people copy them, or they are short
STATE_STYLES = {"running": "green", "failed": "red", "lost": "red", "creating": "yellow"}
_LABEL_WIDTH = 13
ShowProgress = Callable[[str], None]


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
    columns, is_part = _columns(key, rows)
    table = Table(box=None, header_style="dim", pad_edge=False)
    whole = _unwrapped(columns, rows, console.width * 3 // 4)
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column in whole)
    for row in rows:
        table.add_row(*(_cell(column, row.get(column)) for column in columns))
    console.print(table)
    if is_part:
        console.print(_text("`--json` shows every field.", "dim"))


def _columns(key: str, rows: Sequence[Row]) -> tuple[list[str], bool]:
    """Return the columns for which a row has a value, and whether other values are left out."""
    found = [
        column
        for column in dict.fromkeys(field for row in rows for field in row)
        if any(row.get(column) not in _EMPTY for row in rows)
    ]
    wanted: Sequence[str] = COLUMNS.get(key, found)
    if not all(row.keys() >= set(wanted[:2]) for row in rows):
        wanted = found
    shown = [
        column
        for column in wanted
        if column in found and not any(_is_nested(row.get(column)) for row in rows)
    ]
    return shown, len(shown) < len(found)


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


def _is_nested(value: Any) -> bool:
    return isinstance(value, dict) or (
        isinstance(value, list) and any(isinstance(item, dict) for item in value)
    )


@contextmanager
def progress(tool: str) -> Iterator[ShowProgress]:
    """Show the current step of a call: one moving line in a terminal, else a line for each step."""
    console = Console(stderr=True)
    with console.status(Text(f"{tool} …")) as status:

        def show(step: str) -> None:
            line = f"{tool}: {step}"
            if console.is_terminal:
                # Not a str, which rich would parse as markup.
                status.update(Text(strip_control_characters(line)))
            else:
                echo(line, err=True)

        yield show


def print_result(envelope: Envelope[Any], *, as_json: bool) -> int:
    """Print a result as text or as JSON; return the exit code."""
    if as_json:
        click.echo(envelope.model_dump_json(exclude_none=True))
        return EXIT_CODES[envelope.error.kind] if envelope.error else 0
    if envelope.error is not None:
        exit_with_error(envelope.error, envelope.warnings)
    render(envelope, Console())
    return 0
