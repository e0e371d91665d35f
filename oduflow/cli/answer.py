"""Print the progress of a call on stderr and its result on stdout."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from oduflow.cli.failures import EXIT_CODES, exit_with_error
from oduflow.cli.render import render
from oduflow.cli.terminal import echo, strip_control_characters
from oduflow.domain.outcome import Envelope

ShowProgress = Callable[[str], None]


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
        exit_with_error(envelope.error)
    render(envelope, Console())
    return 0
