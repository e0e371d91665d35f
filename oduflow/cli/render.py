"""Print the progress of a call on stderr, and its result on stdout as text or as JSON.

A terminal gets text and tables that fit its width, and times as “2 min ago”. A pipe or a file gets
every line whole, tables as values separated by tabs with the same columns each time, and times in
RFC 3339, for `grep`, `cut` and `awk`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from types import MappingProxyType
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from oduflow.cli.failures import EXIT_CODES, exit_with_error, next_line
from oduflow.cli.tables import print_table
from oduflow.cli.terminal import echo, strip_control_characters
from oduflow.domain.clock import relative
from oduflow.domain.counting import binary_size
from oduflow.domain.errors import Kind
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import FINISHED, Envelope

Row = Mapping[str, Any]
# By the field that holds the rows; a narrow terminal leaves the last out, `--json` has the others.
# Every row has the first two, else the list is of another kind (an environment's extra repos are
# pins) and shows all.
COLUMNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "credentials": ("host", "path", "username", "provider", "state", "expires_at"),
        "entries": ("number", "time", "actor", "face", "operation", "fields", "outcome", "count"),
        "environments": ("name", "state", "branch", "template", "url", "created_by", "disk"),
        "extra_repos": ("name", "state", "branch", "repo_url", "environments"),
        "grants": ("name", "state", "environments", "tiers", "calls_left", "expires_at"),
        "jobs": (
            *("job", "operation", "target", "status"),
            *("created_at", "step", "position", "created_by"),
        ),
        "snapshots": ("name", "state", "automatic", "reason", "commit", "created_at", "disk"),
        "test_runs": ("run", "status", "modules", "tags", "counts", "seconds", "created_at"),
        "templates": ("name", "state", "odoo_image", "modules", "environments", "disk"),
    }
)
_EMPTY: tuple[object, ...] = (None, "", [], {})
WIDE = frozenset({"log", "output", "text"})
_TABLE = frozenset({"columns", "rows"})  # of a database's answer
STEPS = "steps"  # the field of a row with the calls that it suggests; printed below the table
FLAT = frozenset({"counts", "disk", "fields"})  # an object of few values, shown in one cell
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
    if envelope.snapshot:
        _print(console, _text(f"snapshot: {envelope.snapshot}"))
    _render_data(data.get("data") or {}, console, options)
    for step in envelope.next:
        _print(console, _text(f"next: {next_line(step, options)}", "dim"))


def _print(console: Console, text: Text, *, whole: bool = False) -> None:
    """Print a text; wrap it at words only in a terminal, and not if it is `whole`, as a log is."""
    console.print(text, soft_wrap=whole or not console.is_terminal)


def _render_data(data: Mapping[str, Any], console: Console, options: str, within: str = "") -> None:
    for key, value in _below_rows(data, console).items():
        label = f"{within} {key}".lstrip()
        if key == "next" and within:
            _render_next(data, console, options)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            _render_list(key, value, console)
            steps = [step for row in value for step in row.get(STEPS) or ()]
            _render_steps(steps, console, options)
        elif key in WIDE:
            _print(console, _text(str(value)), whole=True)
        elif key == "error" and isinstance(value, dict):
            _render_error(value, console, options)
        elif isinstance(value, dict) and value and key not in FLAT:
            _render_data(value, console, options, label)
        elif _says_something(value, is_counter=bool(within)):
            _print(console, _label(label) + _cell(key, value, console))


def _below_rows(data: Mapping[str, Any], console: Console) -> Mapping[str, Any]:
    """Print rows of a database, a tab between values and a line for each; return what is left."""
    if not data.keys() >= _TABLE:
        return data
    for row in (data["columns"], *data["rows"]):
        cells = (" ".join(_cell("", cell, console).plain.split()) for cell in row)
        console.file.write("\t".join(cells) + "\n")
    return {key: value for key, value in data.items() if key not in _TABLE}


def _render_next(result: Mapping[str, Any], console: Console, options: str) -> None:
    """Print the next steps of a job's result; those of an error are printed with it."""
    _render_steps(() if result.get("error") else result["next"], console, options)


def _render_steps(steps: Iterable[Mapping[str, Any]], console: Console, options: str) -> None:
    for step in steps:
        _print(console, _text(f"next: {next_line(Next(**step), options)}", "dim"))


def _says_something(value: Any, *, is_counter: bool) -> bool:
    """Return whether a fact deserves a line: no absent value, no “false”, no counter of zero."""
    return value not in _EMPTY and value is not False and not (is_counter and value == 0)


def _render_list(key: str, rows: Sequence[Row], console: Console) -> None:
    columns, is_part = _columns(key, rows, with_empty=not console.is_terminal)
    cells = [[_cell(column, row.get(column), console) for column in columns] for row in rows]
    is_narrow = print_table(console, columns, cells)
    if (is_part or is_narrow) and console.is_terminal:
        console.print(_text("`--json` shows every field.", "dim"))


def _columns(key: str, rows: Sequence[Row], *, with_empty: bool) -> tuple[list[str], bool]:
    """Return the columns to show, and whether other values are left out.

    Without `with_empty` those for which no row has a value are left out; a script that takes the
    third column needs them all.
    """
    fields = dict.fromkeys(field for row in rows for field in row)
    found = [
        column
        for column in fields
        if with_empty or any(row.get(column) not in _EMPTY for row in rows)
    ]
    wanted: Sequence[str] = COLUMNS.get(key, found)
    if not all(row.keys() >= set(wanted[:2]) for row in rows):
        wanted = found
    shown = [
        column
        for column in wanted
        if column in found
        and (column in FLAT or not any(_is_nested(row.get(column)) for row in rows))
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


def _cell(key: str, value: Any, console: Console) -> Text:
    if value is None:
        return Text()
    if isinstance(value, bool):
        value = "yes" if value else "no"
    if key == "disk" and isinstance(value, dict):
        value = f"{binary_size(value['own'])} own, {binary_size(value['shared'])} shared"
    if isinstance(value, dict):
        value = " ".join(
            f"{name}={_words(each)}" for name, each in value.items() if each not in _EMPTY
        )
    value = _words(value) if isinstance(value, list) else value
    if console.is_terminal and _is_moment(key, value):
        value = relative(datetime.fromisoformat(value))
    style = STATE_STYLES.get(str(value), "") if key in {"state", "status"} else ""
    return _text(str(value), style)


def _words(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_words, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_moment(key: str, value: object) -> bool:
    if not (key == "time" or key.endswith("_at")) or not isinstance(value, str):
        return False
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


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
    console, shown = Console(stderr=True), ""
    with console.status(Text(f"{tool} …")) as status:

        def show(step: str) -> None:
            nonlocal shown
            line = f"{tool}: {step.strip()}"
            if line == shown:  # a job's row also changes when its progress does not
                return
            shown = line
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
        exit_with_error(envelope.error, envelope.warnings, options, envelope.snapshot)
    render(envelope, Console(), options)
    return _code(envelope)
