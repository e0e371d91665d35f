"""Say how a call goes on stderr and how it ended on stdout, wherever it ran."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from oduflow.cli.failures import EXIT_CODES, leave
from oduflow.cli.lines import plain, say
from oduflow.cli.render import render
from oduflow.domain.errors import Failure
from oduflow.domain.outcome import Envelope, ErrorView, Nothing, Status

Show = Callable[[str], None]


@contextmanager
def progress(tool: str) -> Iterator[Show]:
    """Show how far a call is: one moving line in a terminal, else a line for each step."""
    console = Console(stderr=True)
    with console.status(Text(f"{tool} …")) as status:

        def show(standing: str) -> None:
            line = f"{tool}: {standing}"
            # A Text, for a str would be markup.
            status.update(Text(plain(line))) if console.is_terminal else say(line, err=True)

        yield show


def failed(failure: Failure) -> Envelope[Nothing]:
    """Put a failure into the envelope of a call that did not come to anything."""
    error = ErrorView.of(failure)
    return Envelope[Nothing](status=Status.FAILED, summary=failure.message, error=error)


def conclude(envelope: Envelope[Any], *, as_json: bool) -> int:
    """Print an answer for people or for scripts; return the exit code."""
    if as_json:
        click.echo(envelope.model_dump_json(exclude_none=True))
        return EXIT_CODES[envelope.error.kind] if envelope.error else 0
    if envelope.error is not None:
        leave(envelope.error)
    render(envelope, Console())
    return 0
