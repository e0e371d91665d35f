"""Odoo's log as text: filter its lines, and find the part that explains a failure."""

import re
from collections.abc import Container, Iterable, Iterator, Sequence
from itertools import compress, takewhile

from oduflow.domain.excerpt import excerpt
from oduflow.domain.masking import redact

_ERRORS = {"ERROR", "CRITICAL"}
LEVELS = ("debug", "info", "warning", "error", "critical")
_RECORD = re.compile(
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} \d+ (?P<level>DEBUG|INFO|WARNING|ERROR|CRITICAL) "
)
_REQUEST = re.compile(_RECORD.pattern + r"\S+ (odoo\.http|werkzeug): ")
_LOADED = re.compile(r" odoo\.modules\.loading: Loading module (\w+) ")
_UNKNOWN = re.compile(r"invalid module names, ignored: ([\w, ]+)$", re.MULTILINE)
_ERROR = re.compile(r"(?:\w+\.)*(?P<name>\w{1,60})(?=:|$)")
TRACEBACK_LINES = 30
CAUSE_CHARACTERS = 200
READINESS_PATH = "/web/login?oduflow=readiness"
"""The product's own request; its lines are left out of what users read."""
LINE_CHARACTERS = 500
_OWN_LINE = f'"GET {READINESS_PATH} HTTP/'
_TRACEBACK = "Traceback (most recent call last):"
_DIRECT = "The above exception was the direct cause of the following exception:"
_LINKS = ("During handling of the above exception, another exception occurred:", _DIRECT)


def filter_log(text: str, *, lines: int, grep: str | None, level: str | None) -> list[str]:
    """Return the last `lines` matching lines; a record's further lines belong to its level.

    Args:
        text: the whole log.
        lines: how many lines at most.
        grep: keep lines that contain this, ignoring case.
        level: keep records of this level and above.
    """
    every = [line for line in text.splitlines() if _OWN_LINE not in line]
    kept: Iterable[str] = every
    if level is not None:
        kept = compress(every, _level_flags(every, level))
    if grep:
        kept = (line for line in kept if grep.lower() in line.lower())
    return list(kept)[-lines:]


def error_flags(lines: Iterable[str]) -> Iterator[bool]:
    """Yield for each line whether it belongs to an error's record, or to a traceback."""
    return _level_flags(lines, "error", also={_TRACEBACK})


def unknown_modules(text: str) -> frozenset[str]:
    """Return the modules that Odoo was asked to install and did not find."""
    found = _UNKNOWN.findall(text)
    return frozenset(name.strip() for names in found for name in names.split(","))


def error_name(text: str) -> str:
    """Return the name of the exception that ends the log's last traceback, empty without one.

    The text after the name is a tenant's and left out.
    """
    chain = _last_chain(text.splitlines())
    lines = chain[-1][1 + _frames(chain[-1]) :] if chain else []
    found = _ERROR.match(lines[0]) if lines else None
    return found["name"] if found else ""


def failure_cause(text: str, *, ended: bool = False) -> str:
    """Return in one line why an Odoo failed: what its log's last traceback ends with.

    Of exceptions that caused one another, the last one is named and the first one behind it. One
    that was being handled when another occurred is no cause of it: Odoo looks for a registry, and
    loads it while it handles the KeyError.
    Without a traceback it is the last record of an error, and for a process that ended the last
    line that is no record, such as that of a parser of options, or what `sys.exit` prints; a
    request that failed meanwhile ended nothing. Empty when the log names no cause.
    """
    lines = [line for line in _without_requests(text, ended=ended) if line.strip()]
    chain = _last_chain(lines)
    said = [_raised(chain[-1]), _raised(_first_cause(chain))] if chain else []
    if any(said):
        return " because of ".join(dict.fromkeys(filter(None, said)))
    found = [(_RECORD.match(line), line) for line in lines]
    errors = [line for record, line in found if record and record["level"] in _ERRORS]
    if errors:
        return _one_line(errors[-1].partition(": ")[2])
    return _one_line(_last_words(lines)) if ended else ""


def ended_by_code(text: str) -> str:
    """Return in one line that code ended an installation's Python; empty if an error is logged."""
    if failure_cause(text):
        return ""
    loaded = _LOADED.findall(text)
    where = f" while Odoo loaded {loaded[-1]}" if loaded else ""
    return f"Python code ended the process{where}, as sys.exit does"


def explanation(text: str, *, ended: bool = False) -> str:
    """Return at most 30 lines of a log that explain a failure: its last traceback.

    Each line has at most 500 characters, and all together 8,000, because the text is a tenant's.

    Of exceptions that caused one another, both ends are returned without their outer frames: with
    Odoo, the last one tells which view could not be loaded, and the first one what is wrong in it.
    Without a traceback that names its exception, the log's last lines are returned: a record of
    another thread may divide it. Failed requests are left out for a process that ended.
    """
    lines = _without_requests(text, ended=ended)
    chain = _last_chain(lines)
    if not chain or not _raised(chain[-1]):
        return _joined(lines[-TRACEBACK_LINES:])
    parts = chain if len(chain) == 1 else [chain[0], chain[-1]]
    share = TRACEBACK_LINES // len(parts)
    return _joined(line for part in parts for line in _shortened(part, share))


def _without_requests(text: str, *, ended: bool) -> list[str]:
    """Return the log's lines; without the records of failed requests for a process that ended."""
    kept: list[str] = []
    keeping = True
    for line in text.splitlines():
        if _RECORD.match(line):
            keeping = not (ended and _REQUEST.match(line))
        if keeping:
            kept.append(line)
    return kept


def _last_words(lines: list[str]) -> str:
    """Return the last line that is no record and belongs to none; empty without one."""
    belongs = False
    words = ""
    for line in lines:
        record = _RECORD.match(line)
        if record:
            belongs = record["level"] not in {"DEBUG", "INFO"}
        elif not belongs and not line.startswith(" "):
            words = line
    return lines[-1] if lines and not _RECORD.match(lines[-1]) else words


def _raised(part: list[str]) -> str:
    after = part[1 + _frames(part) :]
    return _one_line(after[0]) if after else ""


def _one_line(text: str) -> str:
    shown = "".join(character for character in text if character.isprintable())
    return redact(shown[:CAUSE_CHARACTERS]).strip().rstrip(".:")


def _joined(lines: Iterable[str]) -> str:
    return excerpt("\n".join(line[:LINE_CHARACTERS] for line in lines))


def _last_chain(lines: Iterable[str]) -> list[list[str]]:
    """Return the last traceback and its causes, the first cause first."""
    chain: list[list[str]] = []
    inside = False
    for line in lines:
        if line == _TRACEBACK:
            if not (inside and _leads_on(chain[-1])):
                chain = []
            chain.append([])
            inside = True
        elif _RECORD.match(line):
            inside = False
        if inside:
            chain[-1].append(line)
    return chain


def _first_cause(chain: list[list[str]]) -> list[str]:
    """Return the traceback that caused the last one, over links of direct causes only."""
    found = chain[-1]
    for part in reversed(chain[:-1]):
        if _DIRECT not in part:
            break
        found = part
    return found


def _leads_on(part: list[str]) -> bool:
    return next((line for line in reversed(part) if line), "") in _LINKS


def _shortened(part: list[str], most: int) -> list[str]:
    """Keep the beginning of the message, and the innermost frames."""
    if len(part) <= most:
        return part
    frames = 1 + _frames(part)
    message = part[frames:][: most - 2]
    inner = most - 2 - len(message)
    return [part[0], "  …", *part[frames - inner : frames], *message]


def _frames(part: Sequence[str]) -> int:
    return sum(1 for _ in takewhile(lambda line: line.startswith(" "), part[1:]))


def _level_flags(lines: Iterable[str], level: str, also: Container[str] = ()) -> Iterator[bool]:
    """Yield for each line whether its record has the level, or a line of `also` came before it."""
    keeping = False
    for line in lines:
        record = _RECORD.match(line)
        if record is not None:
            keeping = LEVELS.index(record["level"].lower()) >= LEVELS.index(level)
        yield (keeping := keeping or line in also)
