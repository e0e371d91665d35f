"""Find the line of every key of a TOML document (TOML 1.1).

The parser gives values without places. This scanner gives places without values; it runs after the
parser has accepted the text, so it may trust the grammar. Where it loses its way all the same, it
stops and keeps what it has: a problem without a line is better than one with a wrong line.
"""

import contextlib
import re

import tomli

from oduflow.settings.problems import KeyPath

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
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
    """Map every key's path, every table's, and every array element's to its line, from 1.

    The path of an element ends in its index from 0. The tables of an array of tables share one
    path, without an index: no key of ours is one.
    """
    scanner = _Scanner(text)
    with contextlib.suppress(_Lost, RecursionError):
        scanner.document()
    return scanner.lines


class _Lost(Exception):
    """The text is not what the grammar promised."""


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[KeyPath, int] = {}

    def document(self) -> None:
        table: KeyPath = ()
        self.take(_BLANK)
        while self.at < len(self.text):
            if self.next_is("["):
                table = self.header()
            else:
                self.pair(table)
            self.take(_BLANK)

    def header(self) -> KeyPath:
        line = self.line()
        self.take(_HEADER_START)
        table = self.key(())
        self.take(_HEADER_END)
        self.lines[table] = line  # a table may have been implied further up, by [table.child]
        return table

    def pair(self, table: KeyPath) -> None:
        path = self.key(table)
        self.take(_EQUALS)
        self.value(path)

    def key(self, table: KeyPath) -> KeyPath:
        line = self.line()
        path = table
        # The parser undoes quotes and escapes: each table it nests is one part of the key.
        nested: object = tomli.loads(f"{self.take(_KEY)} = 0")
        while isinstance(nested, dict):
            [(part, nested)] = nested.items()
            path = (*path, part)
            self.lines.setdefault(path, line)
        return path

    def value(self, path: KeyPath) -> None:
        if self.next_is("["):
            self.array(path)
        elif self.next_is("{"):
            self.inline_table(path)
        elif self.next_is('"') or self.next_is("'"):
            self.take(_STRING)
        else:
            self.take(_SCALAR)

    def array(self, path: KeyPath) -> None:
        self.skip("[")
        index = 0
        while not self.next_is("]"):
            self.lines.setdefault((*path, index), self.line())
            self.value((*path, index))
            self.comma()
            index += 1
        self.skip("]")

    def inline_table(self, path: KeyPath) -> None:
        self.skip("{")
        while not self.next_is("}"):
            self.pair(path)
            self.comma()
        self.skip("}")

    def comma(self) -> None:
        self.take(_BLANK)
        if self.next_is(","):
            self.skip(",")

    def skip(self, mark: str) -> None:
        self.at += len(mark)
        if mark in "[{,":
            self.take(_BLANK)

    def next_is(self, mark: str) -> bool:
        return self.text.startswith(mark, self.at)

    def take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        if match is None:
            raise _Lost
        self.at = match.end()
        return match[0]

    def line(self) -> int:
        return self.text.count("\n", 0, self.at) + 1
