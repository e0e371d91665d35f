"""Odoo's log as text: filter it, and find the part that explains a failure."""

import re
from collections.abc import Iterable, Iterator

LEVELS = ("debug", "info", "warning", "error", "critical")
_RECORD = re.compile(
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} \d+ (?P<level>DEBUG|INFO|WARNING|ERROR|CRITICAL) "
)
TRACEBACK_LINES = 30


def filter_log(text: str, *, lines: int, grep: str | None, level: str | None) -> list[str]:
    """Return the last `lines` lines that pass; a record's further lines go with its first.

    Args:
        text: the whole log.
        lines: how many lines at most.
        grep: keep lines that contain this, ignoring case.
        level: keep records of this level and above.
    """
    kept: Iterable[str] = text.splitlines()
    if level is not None:
        kept = _at_least(kept, LEVELS.index(level))
    if grep:
        kept = (line for line in kept if grep.lower() in line.lower())
    return list(kept)[-lines:]


def explanation(text: str) -> str:
    """Return the last lines of a log that explain a failure: from its last traceback on."""
    lines = text.splitlines()
    starts = [n for n, line in enumerate(lines) if line.startswith("Traceback (most recent call")]
    if not starts:
        return "\n".join(lines[-TRACEBACK_LINES:])
    tail = lines[starts[-1] :]
    end = next(
        (n for n, line in enumerate(tail) if n and _RECORD.match(line)),
        len(tail),
    )
    return "\n".join(tail[:end][-TRACEBACK_LINES:])


def _at_least(lines: Iterable[str], floor: int) -> Iterator[str]:
    keeping = False
    for line in lines:
        record = _RECORD.match(line)
        if record is not None:
            keeping = LEVELS.index(record["level"].lower()) >= floor
        if keeping:
            yield line
