"""Parse an untrusted `requirements.txt` (pip manual, “Requirements File Format”).

Options in the file override those of the command line, so it could choose another index; a URL or a
path would be fetched or built. pip therefore gets the parsed requirements and never the file.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Parsed

from oduflow.domain.errors import Invalid
from oduflow.domain.hosts import DEFAULT_PORTS

PYPI = ("https://pypi.org/simple", "https://pypi.python.org/simple")  # the second since 2018
MAX_LINE = 500  # without its hashes
_SHOWN = 100
_COMMENT = re.compile(r"(^|\s+)#.*$")
_HASH = re.compile(r"\s+--hash[= ](sha256|sha384|sha512):([0-9a-fA-F]+)(?=\s|$)")
_OPTION = re.compile(
    r"(?P<long>--[a-z-]+)(?:[= ]+(?P<of_long>.*))?|(?P<short>-[a-zA-Z])(?P<of_short>.*)"
)
_INDEX = {"-i", "--index-url", "--extra-index-url"}
_FILES = {"-r": False, "--requirement": False, "-c": True, "--constraint": True}
_PASSED_ON = {"--pre", "--require-hashes"}
_DEFAULT = "--prefer-binary"  # pip is always called with it
_PATH = re.compile(r"\.{0,2}/|\.{1,2}$|file:|[a-z]:\\", re.IGNORECASE)
_ACCEPTED = (
    "Name packages with versions, extras, markers and --hash=. Accepted options: -r and -c with a "
    "file of the repository, --pre, --require-hashes, --prefer-binary."
)
_INDEX_HINT = (
    "Leave the line out. The operator chooses the index: pip_index_url below [images] in "
    "oduflow.toml."
)
_PACKAGES_HINT = (
    "Name a package and its version. A package that no index has can be put, as a wheel or an "
    "sdist, into the folder pip_find_links below [images] in oduflow.toml."
)


@dataclass(frozen=True, slots=True)
class Requirement:
    """One package that a file asks for, or restricts.

    Attributes:
        text: the line as it was written, without comment and hashes.
        parsed: name, extras, versions and marker.
        hashes: options of pip, such as `--hash=sha256:…`.
        place: the file and the line, for messages.
    """

    text: str
    parsed: Parsed
    hashes: tuple[str, ...] = ()
    place: str = ""

    def for_pip(self) -> str:
        """Return the line that pip gets."""
        return " ".join((str(self.parsed), *self.hashes))


@dataclass(frozen=True, slots=True)
class Include:
    """A line that names another file, relative to its own; a constraint restricts versions only."""

    path: str
    constraint: bool
    place: str


@dataclass(frozen=True, slots=True)
class Option:
    """An option that pip gets as well."""

    text: str


Line = Requirement | Include | Option


def shown(line: str) -> str:
    """Return an untrusted line as a message can quote it."""
    printable = "".join(filter(str.isprintable, line))
    return printable if len(printable) <= _SHOWN else f"{printable[:_SHOWN]}…"


def sentence(text: str) -> str:
    """Return a text that begins with a capital letter."""
    return text[:1].upper() + text[1:]


def parse_requirements(
    text: str, source: str = "requirements.txt", index: str = ""
) -> tuple[Line, ...]:
    """Return what a file asks for, in its order.

    Args:
        text: the file.
        source: its name in messages.
        index: the configured package index; empty for PyPI.

    Raises:
        Invalid: a line is something else; the message quotes it.
    """
    found = (_parsed(line, f"{source}, line {number}", index) for number, line in _joined(text))
    return tuple(line for line in found if line is not None)


def _joined(text: str) -> Iterator[tuple[int, str]]:
    """Yield logical lines, each with the number of its first physical line, without comments."""
    begun, first = "", 0
    for number, line in enumerate([*text.splitlines(), ""], 1):
        comment = line.lstrip().startswith("#")  # ends a continuation
        first = first or number
        if line.endswith("\\") and not comment:
            begun += line[:-1]
            continue
        # White space becomes one space, because a pattern needs quadratic time in its length.
        logical = " ".join((f"{begun} {line}" if comment else begun + line).split())
        if bare := _COMMENT.sub("", logical):
            yield first, bare
        begun, first = "", 0


def _parsed(line: str, place: str, index: str) -> Line | None:
    if line.startswith("-"):
        return _option(line, place, index)
    plain = _HASH.sub("", line)
    if len(plain) > MAX_LINE:
        raise _refused(line, place, f"more than {MAX_LINE} characters", "Name one package a line.")
    hashes = tuple(f"--hash={name}:{value}" for name, value in _HASH.findall(line))
    try:
        parsed = Parsed(plain)
    except InvalidRequirement as cause:
        raise _refused(line, place, *_reason(plain)) from cause
    if parsed.url:
        raise _refused(line, place, "URLs are not installed", _PACKAGES_HINT)
    return Requirement(plain, parsed, hashes, place)


def _option(line: str, place: str, index: str) -> Line | None:
    match = _OPTION.fullmatch(line)
    if match is None:
        raise _refused(line, place)
    name = match["long"] or match["short"]
    value = (match["of_long"] or match["of_short"] or "").strip().strip("\"'")
    if name in _FILES and value:
        return Include(value, _FILES[name], place)
    if name in _INDEX:
        # PyPI means the usual index, which the configured one replaces.
        if _address(value) not in {*map(_address, PYPI), _address(index)}:
            raise _refused(line, place, "it is not the configured index", _INDEX_HINT)
        return None
    if name in _PASSED_ON and not value:
        return Option(name)
    if line == _DEFAULT:
        return None
    if name in {"-e", "--editable"}:
        raise _refused(line, place, "editable packages are not installed", _PACKAGES_HINT)
    raise _refused(line, place)


def _reason(line: str) -> tuple[str, str]:
    if "://" in line:
        return "URLs are not installed", _PACKAGES_HINT
    if _PATH.match(line):
        return "paths are not installed", _PACKAGES_HINT
    return "", _ACCEPTED


def _address(url: str) -> str:
    """Return a URL in one form, so that equal addresses compare equal."""
    try:
        parts = urlsplit(url)
        port = "" if parts.port == DEFAULT_PORTS.get(parts.scheme) else f":{parts.port or ''}"
    except ValueError:
        return url
    if parts.username or parts.query:
        return url
    return f"{parts.scheme}://{parts.hostname}{port.rstrip(':')}{parts.path.rstrip('/')}"


def _refused(line: str, place: str, reason: str = "", hint: str = _ACCEPTED) -> Invalid:
    why = f" ({reason})" if reason else ""
    return Invalid(sentence(f"{place}, is not allowed: “{shown(line)}”{why}."), hint)
