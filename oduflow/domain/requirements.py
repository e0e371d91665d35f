"""An untrusted `requirements.txt`: names and versions are accepted, options of pip are refused.

Options in the file override those of the command line, so it could choose the index or run a
`setup.py`; a URL or a path would be built as well. (pip manual, “Requirements File Format”.)
"""

import re

from oduflow.domain.errors import Invalid

_COMMENT = re.compile(r"(^|\s+)#.*$")
_HASH = re.compile(r"\s+--hash=(sha256|sha384|sha512):[0-9a-f]+(?=\s|$)")
_REQUIREMENT = re.compile(
    r"[A-Z0-9]([A-Z0-9._-]*[A-Z0-9])?\s*"  # name
    r"(\[[A-Z0-9\s,._-]*\]\s*)?"  # extras
    r"(\(?[<>=!~][A-Z0-9\s<>=!~,.*+_-]*\)?\s*)?"  # versions
    r"(;[A-Z0-9\s<>=!~()'\"._-]*)?",  # marker
    re.ASCII | re.IGNORECASE,
)
_SHOWN = 100
MAX_LINE = 500  # without its hashes; some patterns above need quadratic time


def parse_requirements(text: str) -> tuple[str, ...]:
    """Return the file's requirements, one a line, without comments and continuations.

    pip gets this list and not the file, so that a line cannot hide behind pip's own decoding.

    Args:
        text: the file.

    Raises:
        Invalid: a line is more than a name with extras, versions, a marker and hashes.
    """
    # White space becomes one space, because the patterns need quadratic time in its length.
    joined = (" ".join(line.split()) for line in _joined(text.removeprefix("\ufeff")))
    lines = (_COMMENT.sub("", line).strip() for line in joined)
    return tuple(_checked(line) for line in lines if line)


def _joined(text: str) -> list[str]:
    """Join lines that end with a backslash; a comment ends a continuation."""
    joined: list[str] = []
    begun = ""
    for line in text.splitlines():
        comment = line.lstrip().startswith("#")
        if line.endswith("\\") and not comment:
            begun += line[:-1]
            continue
        joined.append(begun + (f" {line}" if comment else line))
        begun = ""
    return [*joined, begun]


def _checked(line: str) -> str:
    plain = _HASH.sub("", line)
    if len(plain) > MAX_LINE:
        raise Invalid(
            f"requirements.txt has a line of more than {MAX_LINE} characters: “{_shown(line)}…”.",
            "Name one package a line.",
        )
    if not _REQUIREMENT.fullmatch(plain) or re.search(r"\s-", plain):
        raise Invalid(
            f"requirements.txt has a line that is not allowed: “{_shown(line)}”.",
            "Name packages with versions, extras, markers and --hash=; options, URLs and paths "
            "are refused.",
        )
    return line


def _shown(line: str) -> str:
    return "".join(filter(str.isprintable, line))[:_SHOWN]
