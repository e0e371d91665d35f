"""Print the progress of a call on stderr, and its result on stdout as text or as JSON.

A terminal gets text and tables that fit its width. A pipe or a file gets every line whole, and
tables as values separated by tabs, for `grep`, `cut` and `awk`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from oduflow.cli.failures import EXIT_CODES, exit_with_error, next_line
from oduflow.cli.terminal import echo, strip_control_characters
from oduflow.domain.errors import Kind
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import FINISHED, Envelope

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
WHOLE = frozenset(
    {"job", "name", "state", "status", "tool", "url"}
)  # people copy them, or they are short
STATE_STYLES = {"running": "green", "failed": "red", "lost": "red", "creating": "yellow"}
_LABEL_WIDTH = 13
ShowProgress = Callable[[str], None]


def render(envelope: Envelope[Any], console: Console, options: str = "") -> None:
    """Print the summary, then the data, then the next steps as commands with these options."""
    # Including None values: a table's columns must not depend on its first row.
    data = envelope.model_dump(mode="json")
    _print(console, _text(envelope.summary, "bold"))
    for warning in envelope.warnings:
        _print(console, _text(f"warning: {warning}", "yellow"))
    _render_data(data.get("data") or {}, console, options)
    for step in envelope.next:
        _print(console, _text(f"next: {next_line(step, options)}", "dim"))


def print_table(console: Console, columns: Sequence[str], rows: Sequence[Sequence[Text]]) -> None:
    """Print rows: as a table in a terminal, else with a tab between the values."""
    if not console.is_terminal:
        for row in (columns, *rows):
            cells = (" ".join(str(cell).split()) for cell in row)
            console.file.write("\t".join(cells) + "\n")
        return
    table = Table(box=None, header_style="dim", pad_edge=False)
    width_left = console.width * 3 // 4
    for number, column in enumerate(columns):
        # A value that people copy is not folded while the other columns still fit.
        width = 2 + max((len(row[number]) for row in rows), default=0)
        whole = column in WHOLE and width <= width_left
        width_left -= width if whole else 0
        table.add_column(column, overflow="fold", no_wrap=whole)
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _print(console: Console, text: Text, *, whole: bool = False) -> None:
    """Print a text; wrap it at words only in a terminal, and not if it is `whole`, as a log is."""
    console.print(text, soft_wrap=whole or not console.is_terminal)


def _render_data(data: Mapping[str, Any], console: Console, options: str, within: str = "") -> None:
    for key, value in data.items():
        label = f"{within} {key}".lstrip()
        if isinstance(value, list) and value and isinstance(value[0], dict):
            _render_list(key, value, console)
        elif key in WIDE:
            _print(console, _text(str(value)), whole=True)
        elif key == "error" and isinstance(value, dict):
            _render_error(value, console, options)
        elif isinstance(value, dict) and value:
            _render_data(value, console, options, label)
        elif value not in (None, [], "", {}):
            _print(console, _label(label) + _cell(key, value))


def _render_list(key: str, rows: Sequence[Row], console: Console) -> None:
    columns, is_part = _columns(key, rows)
    cells = [[_cell(column, row.get(column)) for column in columns] for row in rows]
    print_table(console, columns, cells)
    if is_part and console.is_terminal:
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


def _render_error(error: Mapping[str, Any], console: Console, options: str) -> None:
    """Print a failure in the format of `exit_with_error`."""
    said = f"{error.get('kind')}: {error.get('message')}"
    _print(console, _label("error") + _text(said, "red"))
    steps = [next_line(Next(**step), options) for step in error.get("next") or ()]
    for hint in filter(None, (error.get("hint"), *steps)):
        _print(console, _label("") + _text(f"→ {hint}"))
    if error.get("output"):
        _print(console, _text(str(error["output"])), whole=True)


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


def _code(envelope: Envelope[Any]) -> int:
    """Return the exit code: of work that still runs, that of a call to repeat later."""
    if envelope.error is not None:
        return EXIT_CODES[envelope.error.kind]
    return 0 if envelope.status in FINISHED else EXIT_CODES[Kind.BUSY]


def print_result(envelope: Envelope[Any], *, as_json: bool, options: str = "") -> int:
    """Print a result as text or as JSON; return the exit code.

    `options` are those that the commands for the next steps need.
    """
    if as_json:
        click.echo(envelope.model_dump_json(exclude_none=True))
        return _code(envelope)
    if envelope.error is not None:
        exit_with_error(envelope.error, envelope.warnings, options)
    render(envelope, Console(), options)
    return _code(envelope)
