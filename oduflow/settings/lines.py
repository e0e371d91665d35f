"""Find the line of every key of a TOML document (TOML 1.1).

The parser returns values without lines. This scanner returns lines without values. It runs after
the parser has accepted the text, so it can rely on the grammar, and commas and line ends need no
check. Where it does not understand the text it stops and keeps what it has: a problem without a
line is better than a wrong line.
"""

import contextlib
import re
from collections import deque

import tomli

KeyPath = tuple[str | int, ...]  # ("firewall", "ports", 0): an element's index, from 0

_TOKEN = re.compile(
    r'''#[^\n]*|("""(?:\\.|[^\\])*?"""(?!")|\'\'\'.*?\'\'\'(?!\')|"(?:\\.|[^"\\\n])*"|\'[^'\n]*\''''
    r"""|[][{}=]|[^][{}=,#"'\s][^][{}=,#"'\r\n]*)""",
    re.DOTALL,
)


def find_lines(text: str) -> dict[KeyPath, int]:
    """Map the path of every key, table and array element to its line, from 1.

    An element's path ends in its index from 0. The tables of an array of tables share one path
    without an index: no key of the configuration is one.
    """
    scanner = _Scanner(text)
    with contextlib.suppress(IndexError, RecursionError, tomli.TOMLDecodeError):
        scanner.document()
    return scanner.lines


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.lines: dict[KeyPath, int] = {}
        # A comment is not in the group.
        self.tokens = deque(found for found in _TOKEN.finditer(text) if found[1])

    def document(self) -> None:
        table: KeyPath = ()
        while self.tokens:
            line = self.line()
            if self.skip("["):
                table = self.key((), "]")
                self.lines[table] = line  # replaces the line of [table.child], which implies it
                self.skip("]")
            else:
                self.value(self.key(table, "="))

    def key(self, path: KeyPath, end: str) -> KeyPath:
        line = self.line()
        # The parser resolves quotes and escapes: each table it nests is one part of the key.
        nested: object = tomli.loads(f"{''.join(iter(self.take, end))} = 0")
        while isinstance(nested, dict):
            [(part, nested)] = nested.items()
            path = (*path, part)
            self.lines.setdefault(path, line)
        return path

    def value(self, path: KeyPath) -> None:
        first = self.take()
        index = 0
        while first == "[" and self.tokens[0][1] != "]":
            element = (*path, index)
            self.lines.setdefault(element, self.line())
            self.value(element)
            index += 1
        while first == "{" and self.tokens[0][1] != "}":
            self.value(self.key(path, "="))
        if first in {"[", "{"}:
            self.take()

    def skip(self, bracket: str) -> bool:
        """Skip one or two brackets; return whether there was one."""
        before = len(self.tokens)
        while self.tokens and self.tokens[0][1] == bracket:
            self.take()
        return len(self.tokens) < before

    def take(self) -> str:
        return self.tokens.popleft()[1]

    def line(self) -> int:
        return self.text.count("\n", 0, self.tokens[0].start()) + 1
