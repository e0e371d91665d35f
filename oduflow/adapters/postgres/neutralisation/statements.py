"""Split an SQL script into its statements, so that an error can name its line."""

import re
from collections.abc import Iterator

_TOKEN = re.compile(
    r"""
    --[^\n]*
    | /\*
    | \b[eE]'(?:[^'\\]|\\.|'')*'
    | '(?:[^']|'')*'
    | "(?:[^"]|"")*"
    | (?<![\w$])\$(?P<tag>[A-Za-z_]\w*|)\$ .*? \$(?P=tag)\$
    | ;
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT = re.compile(r"/\*|\*/")
_BLANK = re.compile(r"(?:\s|--[^\n]*)*")


def statements(text: str) -> Iterator[tuple[int, str]]:
    """Return each statement with the line on which it begins, from 1.

    Quotes, dollar quotes and nested comments are as in PostgreSQL's manual (4.1, Lexical
    Structure). A function body in `BEGIN ATOMIC` is not known.
    """
    begin = position = 0
    while token := _TOKEN.search(text, position):
        position = token.end()
        if token[0] == "/*":
            position = _end_of_comment(text, position)
        elif token[0] == ";":
            yield from _numbered(text, begin, token.start())
            begin = position
    yield from _numbered(text, begin, len(text))


def _end_of_comment(text: str, position: int) -> int:
    """Return where a comment ends whose begin is before `position`; comments nest."""
    depth = 1
    for mark in _COMMENT.finditer(text, position):
        depth += 1 if mark[0] == "/*" else -1
        if depth == 0:
            return mark.end()
    return len(text)


def _numbered(text: str, begin: int, end: int) -> Iterator[tuple[int, str]]:
    blank = _BLANK.match(text, begin, end)
    begin = blank.end() if blank else begin
    if statement := text[begin:end].strip():
        yield text.count("\n", 0, begin) + 1, statement
