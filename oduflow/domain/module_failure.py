"""Say in one line what failed in a change of modules: file, line and cause, from Odoo's verdict."""

import re
from collections.abc import Collection, Iterable, Iterator

from oduflow.domain.masking import redact
from oduflow.domain.module_change import LogRecord, OdooVerdict, RaisedError

MAX_CAUSE = 300  # characters
MAX_SHOWN = 5
SCHEMA = "odoo.schema"  # logs constraints and columns that PostgreSQL refused, often as warnings
# How Odoo begins the message about a file of data, in all versions (`tools/convert.py`).
_PARSING = re.compile(r"while parsing (?:file://)?(?P<file>[^\s:]+):(?P<line>\d+)")
_LEFT_OUT = re.compile(r"\s|<|while parsing |View error context|-no context-|\{|\(|'")


def failure_place(verdict: OdooVerdict, own: Collection[str]) -> str:
    """Return `file:line` of what failed, relative to its repository; empty if it is not known.

    Args:
        verdict: of Odoo.
        own: the folders inside the container that hold repositories, without a slash at the end.
    """
    for cause in verdict.chain:
        if found := _PARSING.search(cause.message):
            return f"{_shown(found['file'], own)}:{found['line']}"
    for cause in verdict.chain:
        if cause.file and cause.line:
            return f"{_shown(cause.file, own)}:{cause.line}"
    for cause in reversed(verdict.chain):
        for file, line in reversed(cause.frames):
            if _shown(file, own) != file:
                return f"{_shown(file, own)}:{line}"
    return ""


def failure_cause_of(verdict: OdooVerdict) -> str:
    """Return the exception and what it says, in one line; empty without one."""
    if not verdict.chain:
        return ""
    cause = verdict.chain[-1]
    if cause.kind == "SystemExit":
        return "a module ended Python (sys.exit)"
    return f"{cause.kind}: {said}" if (said := _said(cause)) else cause.kind


def new_problems(verdict: OdooVerdict, known: str) -> list[LogRecord]:
    """Return the errors that Odoo logged, and constraints that it could not set.

    Args:
        verdict: of Odoo.
        known: the log of the serving Odoo, which has what was wrong before.
    """
    return [
        record
        for record in verdict.log
        if (record.level == "ERROR" or record.logger == SCHEMA)
        and record.message.partition("\n")[0] not in known
    ]


def warnings_of(verdict: OdooVerdict) -> Iterator[str]:
    """Yield what Odoo warned of, each in one line."""
    for record in verdict.log:
        if record.level == "WARNING" and record.logger != SCHEMA:
            yield f"{record.logger}: {one_line(record.message)}"


def listed(names: Iterable[str]) -> str:
    """Return the first names of a list, and how many follow."""
    every = list(names)
    more = f" and {len(every) - MAX_SHOWN} more" if len(every) > MAX_SHOWN else ""
    return ", ".join(every[:MAX_SHOWN]) + more


def one_line(text: str) -> str:
    """Return untrusted text as one line without control characters and secrets."""
    shown = "".join(each if each.isprintable() else " " for each in " ".join(text.split()))
    return redact(shown[: MAX_CAUSE * 2])[:MAX_CAUSE].strip()


def _said(cause: RaisedError) -> str:
    """Return the lines of a message that are no quoted XML, which its place names already."""
    lines = [line for line in cause.message.splitlines() if line and not _LEFT_OUT.match(line)]
    return one_line(" ".join(lines) or cause.message)


def _shown(file: str, own: Collection[str]) -> str:
    """Return a path relative to the folder of a repository, if it is in one."""
    file = file.removeprefix("file://")
    for folder in own:
        if file.startswith(f"{folder}/"):
            return one_line(file.removeprefix(f"{folder}/"))
    return file
