"""End a command on a failure: a message on stderr and the exit code of its kind."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import NoReturn

from oduflow.cli.terminal import echo
from oduflow.domain.errors import Failure, Kind
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import Envelope, ErrorView, Nothing, Status
from oduflow.settings import BadSettings

# From sysexits.h where it defines one.
EXIT_CODES: Mapping[Kind, int] = MappingProxyType(
    {
        Kind.INVALID: 2,
        Kind.NOT_FOUND: 4,
        Kind.CONFLICT: 5,
        Kind.UPSTREAM: 69,
        Kind.INTERNAL: 70,
        Kind.QUOTA: 73,
        Kind.BUSY: 75,
        Kind.CANCELLED: 75,
        Kind.RATE_LIMITED: 75,
        Kind.FORBIDDEN: 77,
        Kind.UNAUTHENTICATED: 77,
    }
)
BAD_SETTINGS = 2
INTERRUPTED = 130  # 128 + SIGINT, the convention of shells


class Interrupted(Exception):
    """Ctrl-C; its text says how the job ended, or that the job still runs."""


def failed_envelope(failure: Failure) -> Envelope[Nothing]:
    """Return the envelope of a call that failed."""
    error = ErrorView.of(failure)
    return Envelope[Nothing](
        status=Status.FAILED,
        summary=failure.message,
        error=error,
        next=error.next,
        snapshot=failure.snapshot or None,
    )


def next_line(step: Next, options: str = "") -> str:
    """Return a call as a command to copy; a shell ignores the reason behind it."""
    command = step.as_command(options)
    return f"{command}  # {step.reason}" if step.reason else command


def exit_with_error(
    error: ErrorView, warnings: tuple[str, ...] = (), options: str = "", snapshot: str | None = None
) -> NoReturn:
    """Print an error and the warnings beside it to stderr; exit with the code of its kind.

    `options` are those that a command for the next step needs, such as ` --url https://…`, and
    `snapshot` was taken before the work.
    """
    if error.output:
        echo(error.output, err=True)
    echo(f"{error.kind}: {error.message}", err=True)
    if error.hint:
        echo(f"  → {error.hint}", err=True)
    for step in error.next:
        echo(f"  → {next_line(step, options)}", err=True)
    if snapshot:
        echo(f"snapshot: {snapshot}", err=True)
    for warning in warnings:
        echo(f"warning: {warning}", err=True)
    sys.exit(EXIT_CODES[error.kind])


@contextmanager
def exit_on_failure() -> Iterator[None]:
    """Convert failures, configuration errors and Ctrl-C into a message and an exit code."""
    try:
        yield
    except Failure as failure:
        exit_with_error(ErrorView.of(failure))
    except BadSettings as wrong:
        for problem in wrong.problems:
            echo(str(problem), err=True)
        sys.exit(BAD_SETTINGS)
    except Interrupted as stopped:
        echo(f"interrupted: {stopped}" if str(stopped) else "interrupted", err=True)
        sys.exit(INTERRUPTED)
