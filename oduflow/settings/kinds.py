"""What a value may be: a `Kind` says it in words and reads one raw TOML value.

Kinds are strict, because a guess in a configuration is a hole later: `true` is not 1, `"8000"`
is not a port, and no text carries a line break.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_LONGEST = 1000
_CPUS_MOST = 1024

_IMAGE = re.compile(
    r"(?:[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]{1,5})?/)?"  # registry
    r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?"  # tag
    r"(?:@sha256:[0-9a-f]{64})?"
)


class Refused(Exception):
    """A value is not of its kind.

    Args:
        reason: why, when "must be <what is allowed>" does not say enough.
        hint: what to write instead.
    """

    def __init__(self, reason: str = "", hint: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of value: `allowed` ends the sentence "must be …", `read` raises `Refused`."""

    allowed: str
    read: Callable[[object], object]


def plain_text(value: object) -> str:
    """Return a text of printable characters, without spaces at its ends.

    Raises:
        Refused: it is no text, too long, or holds what a log or a header must never hold.
    """
    if not isinstance(value, str):
        raise Refused(hint="Write it in quotes.")
    if not value.isprintable():
        raise Refused("it holds a line break or another control character")
    if value != value.strip():
        raise Refused("it begins or ends with a space")
    if len(value) > _LONGEST:
        raise Refused(f"it is longer than {_LONGEST} characters")
    return value


def integer(least: int, most: int | None = None, *, unit: str = "") -> Kind:
    """Make the kind of whole numbers from `least` to `most`, both included."""
    bounds = f"from {least} to {most}" if most is not None else f"of {least} or more"

    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise Refused(hint=_without_quotes(value))
        if value < least or (most is not None and value > most):
            raise Refused
        return value

    return Kind(f"a whole number {bounds}{f' ({unit})' if unit else ''}", read)


def choice(*words: str) -> Kind:
    """Make the kind of a closed list of words."""

    def read(value: object) -> str:
        if value not in words:
            raise Refused
        return str(value)

    return Kind("one of " + ", ".join(f'"{word}"' for word in words), read)


def matching(pattern: str, allowed: str) -> Kind:
    """Make the kind of texts that match `pattern` as a whole."""
    compiled = re.compile(pattern)

    def read(value: object) -> str:
        if not compiled.fullmatch(text := plain_text(value)):
            raise Refused
        return text

    return Kind(allowed, read)


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise Refused(hint=_without_quotes(value))
    return value


def _cpus(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refused(hint=_without_quotes(value))
    if not math.isfinite(value) or not 0 < value <= _CPUS_MOST:
        raise Refused
    return float(value)


def _folder(value: object) -> Path:
    text = plain_text(value)
    if not text or Path(text) == Path("/"):
        raise Refused
    if text.startswith("~"):
        raise Refused("~ is not expanded", "Write the whole path.")
    return Path(text)


def _image(value: object) -> str:
    text = plain_text(value)
    if not _IMAGE.fullmatch(text.replace("{version}", "19.0")):
        raise Refused
    return text


def _without_quotes(value: object) -> str:
    return "Write it without quotes." if isinstance(value, str) else ""


BOOLEAN = Kind("true or false", _boolean)
CPUS = Kind(f"a number greater than 0, at most {_CPUS_MOST}", _cpus)
FOLDER = Kind("the path of a folder", _folder)
IMAGE = Kind('an image name such as "odoo:{version}"', _image)
TEXT = Kind("a text", plain_text)

AUTH_TOKEN = matching(
    # What a Bearer header may carry (RFC 6750, token68).
    r"(?:[A-Za-z0-9._~+/-]{8,}=*)?",
    "8 or more letters, digits and . _ ~ + / - (16 or more beyond loopback), or empty",
)
UI_PASSWORD = matching(r"(?:.{8,})?", "8 or more characters (16 or more beyond loopback), or empty")
EMAIL = matching(r"(?:[^@\s]+@[^@\s]+\.[^@\s]+)?", "a mail address, or empty")
GITHUB_USER = matching(r"[A-Za-z0-9][A-Za-z0-9_-]{0,38}", "a GitHub login, without @")
INSTANCE = matching(
    r"[a-z](?:[a-z0-9-]{0,29}[a-z0-9])?",
    "1 to 31 characters of a-z, 0-9 and -, beginning with a letter, not ending with -",
)
TEAM_ID = matching(r"[a-z0-9-]{1,16}", "1 to 16 characters of a-z, 0-9 and -")
TEAM_NAME = matching(r".{0,60}", "a text of at most 60 characters")
TEMPLATE = matching(
    r"(?:[a-z0-9][a-z0-9-]{0,38})?",
    "a template's name (at most 39 characters of a-z, 0-9 and -), or empty",
)
