"""How a failure ends a command: one line for people, one exit code for scripts."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import NoReturn

from oduflow.cli.lines import say
from oduflow.domain.errors import Failure, Kind
from oduflow.domain.outcome import ErrorView
from oduflow.settings import BadSettings

# sysexits.h where it has a word for it.
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
INTERRUPTED = 130  # 128 + SIGINT, as shells have it


class Interrupted(Exception):
    """Ctrl-C; says what became of what was being done, or what goes on, if anything does."""


def leave(error: ErrorView) -> NoReturn:
    """Say what went wrong on stderr and leave with the kind's exit code."""
    if error.output:
        say(error.output, err=True)
    say(f"{error.kind}: {error.message}", err=True)
    if error.hint:
        say(f"  → {error.hint}", err=True)
    sys.exit(EXIT_CODES[error.kind])


@contextmanager
def told() -> Iterator[None]:
    """Turn what ended a command before its time into a message and an exit code."""
    try:
        yield
    except Failure as failure:
        leave(ErrorView.of(failure))
    except BadSettings as wrong:
        for problem in wrong.problems:
            say(str(problem), err=True)
        sys.exit(BAD_SETTINGS)
    except Interrupted as stopped:
        say(f"interrupted: {stopped}" if str(stopped) else "interrupted", err=True)
        sys.exit(INTERRUPTED)
