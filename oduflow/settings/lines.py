"""Find the line of every key of a TOML document (TOML 1.1).

The parser returns values without lines. This scanner returns lines without values. It runs after
the parser has accepted the text, so it can rely on the grammar. Where it does not understand the
text it stops and keeps what it has: a problem without a line is better than a wrong line.
"""

import contextlib
import re
from collections.abc import Iterator

import tomli

from oduflow.settings.problems import KeyPath

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_COMMA = re.compile(rf"{_BLANK.pattern},?{_BLANK.pattern}")
_PART = r"""(?:[A-Za-z0-9_-]+|"(?:\\.|[^"\\\n])*"|'[^'\n]*')"""
_KEY = re.compile(rf"{_PART}(?:[ \t]*\.[ \t]*{_PART})*")
_EQUALS = re.compile(r"[ \t]*=[ \t]*")
_HEADER_START = re.compile(r"\[\[?[ \t]*")
_HEADER_END = re.compile(r"[ \t]*\]\]?")
_STRING = re.compile(
    r'''"""(?:\\.|[^\\])*?"""(?!")|\'\'\'.*?\'\'\'(?!\')|"(?:\\.|[^"\\\n])*"|\'[^'\n]*\'''',
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}\r\n#]+")


def find_lines(text: str) -> dict[KeyPath, int]:
    """Map the path of every key, table and array element to its line, from 1.

    An element's path ends in its index from 0. The tables of an array of tables share one path
    without an index: no key of the configuration is one.
    """
    scanner = _Scanner(text)
    with contextlib.suppress(_Lost, RecursionError):
        scanner.document()
    return scanner.lines


class _Lost(Exception):
    """The text does not follow the grammar."""


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[KeyPath, int] = {}

    def document(self) -> None:
        table: KeyPath = ()
        self.take(_BLANK)
        while self.at < len(self.text):
            if self.text[self.at] == "[":
                table = self.header()
            else:
                self.pair(table)
            self.take(_BLANK)

    def header(self) -> KeyPath:
        line = self.line()
        self.take(_HEADER_START)
        table = self.key(())
        self.take(_HEADER_END)
        self.lines[table] = line  # replaces the line of [table.child], which implies the table
        return table

    def pair(self, table: KeyPath) -> None:
        path = self.key(table)
        self.take(_EQUALS)
        self.value(path)

    def key(self, table: KeyPath) -> KeyPath:
        line = self.line()
        path = table
        # The parser resolves quotes and escapes: each table it nests is one part of the key.
        nested: object = tomli.loads(f"{self.take(_KEY)} = 0")
        while isinstance(nested, dict):
            [(part, nested)] = nested.items()
            path = (*path, part)
            self.lines.setdefault(path, line)
        return path

    def value(self, path: KeyPath) -> None:
        first = self.text[self.at : self.at + 1]
        if first == "[":
            for index, _ in enumerate(self.items("]")):
                self.lines.setdefault((*path, index), self.line())
                self.value((*path, index))
        elif first == "{":
            for _ in self.items("}"):
                self.pair(path)
        else:
            self.take(_STRING if first in {'"', "'"} else _SCALAR)

    def items(self, close: str) -> Iterator[None]:
        """Stop before each item of an array or an inline table."""
        self.at += 1
        self.take(_BLANK)
        while not self.text.startswith(close, self.at):
            yield
            self.take(_COMMA)
        self.at += 1

    def take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        if match is None:
            raise _Lost
        self.at = match.end()
        return match[0]

    def line(self) -> int:
        return self.text.count("\n", 0, self.at) + 1
