"""Search the files of a checkout for a text or a regular expression, within limits."""

import json
import logging
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from oduflow.adapters.git import process, search_child
from oduflow.adapters.git.invocation import local_environment
from oduflow.domain.errors import Invalid, UpstreamFailed
from oduflow.domain.file_paths import Parts

log = logging.getLogger(__name__)

FILE_BYTES = 2 << 20
LINE_CHARACTERS = 300
_COMMAND = (sys.executable, "-I", "-S", str(Path(search_child.__file__)))


@dataclass(frozen=True, slots=True)
class Question:
    """What to search for.

    Args:
        root: the checkout.
        below: the folder in it.
        pattern: a text of one line, or a regular expression.
        regex: whether it is one.
        glob: selects files; None for all of them.
        most: how many lines are enough.
    """

    root: Path
    below: Parts
    pattern: str
    regex: bool
    glob: str | None
    most: int


@dataclass(slots=True)
class Found:
    """What a search found.

    Attributes:
        lines: path, number and text of each line.
        skipped: how many files were left out, because they are too large or cannot be read.
        complete: whether every file was looked at; else there were enough lines, or no time.
        in_time: whether it ended by itself.
    """

    lines: list[tuple[str, int, str]] = field(default_factory=list)
    skipped: int = 0
    complete: bool = False
    in_time: bool = True


class _TimeIsUp(Exception):
    """The search took too long."""


def search_files(question: Question, seconds: float) -> Found:
    """Search in a process of its own; when the time is up, return what was found until then.

    Args:
        question: what to search for.
        seconds: the most time that it may take.

    Raises:
        Invalid: the pattern is no regular expression.
        UpstreamFailed: no process can be started, or it failed.
    """
    answers, end = _Answers(), time.monotonic() + seconds

    def check() -> None:
        if time.monotonic() > end:
            raise _TimeIsUp

    with tempfile.TemporaryFile() as stdin:
        stdin.write(json.dumps(_asked(question)).encode())
        stdin.seek(0)
        try:
            status = process.run(
                _COMMAND,
                local_environment(),
                on_output=answers.feed,
                on_message=log.debug,
                abort_check=check,
                stdin=stdin,
            )
        except _TimeIsUp:
            answers.found.in_time = False
            return answers.found
    if status:
        raise UpstreamFailed("The search failed.", "Search for less, or below a folder.")
    return answers.found


def _asked(question: Question) -> dict[str, Any]:
    return {
        "root": str(question.root),
        "below": question.below,
        "pattern": question.pattern,
        "regex": question.regex,
        "glob": question.glob,
        "matches": question.most,
        "file_bytes": FILE_BYTES,
        "line_characters": LINE_CHARACTERS,
    }


class _Answers:
    """Reads the lines that the process writes, as they arrive."""

    def __init__(self) -> None:
        self.found = Found()
        self._pending = b""

    def feed(self, chunk: bytes) -> None:
        *lines, self._pending = (self._pending + chunk).split(b"\n")
        for line in lines:
            kind, *rest = json.loads(line)
            if kind == "match":
                path, number, text = rest
                self.found.lines.append((path, number, text))
            elif kind == "skipped":
                self.found.skipped += 1
            elif kind == "invalid":
                raise Invalid(
                    f"The pattern is not a regular expression: {rest[0]}.",
                    "Correct it, or search for it as a text.",
                )
            else:
                self.found.complete = True
