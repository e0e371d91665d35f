"""Print the changes of an environment: coloured and shortened at a terminal, else whole."""

import sys
from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

from oduflow.cli.arguments import read_arguments
from oduflow.cli.caller import OperationCaller
from oduflow.cli.failures import next_line
from oduflow.cli.terminal import echo, strip_control_characters
from oduflow.domain.outcome import Envelope

READ = "read_output"
MOST_PAGES = 200
_STYLES = {"+": "green", "-": "red", "~": "yellow", "@": "cyan"}
_SIGNS = {"added": "+", "changed": "~", "removed": "-"}
Row = Mapping[str, Any]


def print_changes(caller: OperationCaller, answer: Envelope[Any], options: str = "") -> int:
    """Print a comparison; return the exit code.

    A pipe or a file gets the whole text, which is read with further calls where the answer has a
    part of it.

    Args:
        caller: makes the further calls.
        answer: of diff_environment.
        options: those that the commands for the next steps need.
    """
    console = Console()
    for warning in answer.warnings:
        echo(f"warning: {warning}", err=True)
    if answer.output and not console.is_terminal:
        for text in _pages(caller, answer.output):
            echo(text)
        return 0
    console.print(Text(strip_control_characters(answer.summary), style="bold"))
    found = answer.model_dump(mode="json").get("data") or {}
    for section in found.get("sections") or ():
        _print_section(console, section)
    _print(console, str(found.get("left_out", "")), "dim")
    for step in answer.next:
        _print(console, f"next: {next_line(step, options)}", "dim")
    return 0


def _print_section(console: Console, section: Row) -> None:
    counts = ", ".join(f"{section[kind]} {kind}" for kind in _SIGNS if section.get(kind))
    _print(console, f"\n{section['title']}: {counts or 'no differences'}", "bold")
    if section.get("note"):
        _print(console, f"  {section['note']}", "dim")
    changes = section.get("changes") or ()
    for change in changes:
        sign = _SIGNS[change["change"]]
        _print(console, f"{sign} {change['name']}", _STYLES[sign])
        for detail in change.get("details") or ():
            _print(console, f"    {detail}")
        for line in str(change.get("diff") or "").splitlines():
            _print(console, f"    {line}", _STYLES.get(line[:1], ""))
    more = sum(section.get(kind) or 0 for kind in _SIGNS) - len(changes)
    if more:
        _print(console, f"  … and {more} more", "dim")


def _pages(caller: OperationCaller, handle: str) -> Iterator[str]:
    """Read a stored text page by page."""
    tool = caller.tool(READ)
    words = [handle]
    for _ in range(MOST_PAGES):
        raw = read_arguments(READ, tool.fields, words, caller.options)
        page = caller.call(tool, raw, lambda _step: None)
        yield str((page.model_dump(mode="json").get("data") or {}).get("text", ""))
        following = next((each for each in page.next if each.operation == READ), None)
        if following is None:
            return
        words = [handle, f"lines={following.arguments['lines']}"]
    echo("The text continues; read_output shows the rest.", err=True)


def _print(console: Console, text: str, style: str = "") -> None:
    console.print(Text(strip_control_characters(text), style=style), soft_wrap=True)
    sys.stdout.flush()
