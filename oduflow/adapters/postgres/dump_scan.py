"""Read from a dump which Odoo modules are installed in it, before anything is restored.

A plain dump is read up to the rows of `ir_module_module`. Of one in custom format, pg_restore
prints the list of its content, then those rows.

Python runs one thread at a time, and a search in bytes does not let another one run. So gigabytes
are searched for fixed texts only, of which a mebibyte takes a fraction of a millisecond; a regular
expression would take twenty.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice

from oduflow.domain.dump import DumpFacts
from oduflow.domain.errors import Invalid

MAX_MODULES = 5000
MAX_OBJECTS = 500_000  # in the list of a custom dump; a database of 10,000 tables has 100,000
NAME_LENGTH = 128
_LONGEST_ROW = 16 << 20
_OVERLAP = 4096
_INSTALLED = {"installed", "to upgrade", "to remove"}
_SERVER = re.compile(rb"Dumped from database version:? ([0-9][0-9.]*)")
_SERVER_WITHIN = 1 << 20  # pg_dump writes it into the header
_TABLE = b"ir_module_module ("
_CREATED = (b"\nCREATE TABLE public.ir_module_module (", b"\nCREATE TABLE ir_module_module (")
_COPIED = (b"\nCOPY public.ir_module_module (", b"\nCOPY ir_module_module (")
_LISTED = "TABLE public ir_module_module "
_MAX_COPIED = 100  # statements that are looked at; pg_dump writes one
_COLUMNS = re.compile(rb"([^)\n]{1,2000})\) FROM stdin;\r?\n")


def scan_dump(chunks: Iterable[bytes]) -> DumpFacts:
    """Return what a plain dump holds; reads it only as far as needed."""
    source = iter(chunks)
    server, odoo, held = "", False, b"\n"  # the first line begins like every other
    read = looked_at = 0
    for chunk in source:
        text = held + chunk
        if not server and read < _SERVER_WITHIN and (found := _SERVER.search(text)):
            server = found[1].decode()
        read += len(chunk)
        if _TABLE in text:
            odoo = odoo or any(created in text for created in _CREATED)
            for place in _copied(text):
                if rows := _COLUMNS.match(text, place):
                    columns = rows[1].decode("utf-8", "replace").replace('"', "").split(", ")
                    rest = text[rows.end() :]
                    return DumpFacts(server, odoo=True, modules=_modules(columns, rest, source))
                looked_at += 1
                if looked_at == _MAX_COPIED:
                    return DumpFacts(server, odoo)
        held = text[-_OVERLAP:]
    return DumpFacts(server, odoo)


def _copied(text: bytes) -> Iterator[int]:
    """Yield where the columns begin of each statement that copies rows into the table."""
    for statement in _COPIED:
        place = text.find(statement)
        while place >= 0:
            yield place + len(statement)
            place = text.find(statement, place + len(statement))


@dataclass(slots=True)
class ListScan:
    """Takes what `pg_restore --list` prints, line by line, and keeps no line.

    Attributes:
        facts: what the lines so far say, without modules.
    """

    facts: DumpFacts = field(default_factory=DumpFacts)
    _objects: int = field(default=0, init=False)

    def feed(self, line: str) -> None:
        """Take the next line.

        Raises:
            Invalid: the dump has more objects than any Odoo, each of which costs a statement.
        """
        if not line.startswith(";"):
            self._objects += 1
            if self._objects > MAX_OBJECTS:
                raise Invalid(
                    f"The dump has more than {MAX_OBJECTS} objects, many times what an Odoo has.",
                    "Back up the database that Odoo uses, without what other programs made in it.",
                )
            if not self.facts.odoo and _LISTED in line:
                self.facts = replace(self.facts, odoo=True)
        elif found := _SERVER.search(line.encode()):
            self.facts = replace(self.facts, server=found[1].decode())


def scan_rows(lines: Iterable[str]) -> Mapping[str, str]:
    """Return the installed modules of the lines that `restore_commands.read_modules` prints."""
    rows = (line.split("\t") for line in lines if line.count("\t") == 2)  # noqa: PLR2004
    return dict(_chosen((name, state, version) for name, state, version in rows))


def _modules(columns: list[str], rest: bytes, source: Iterator[bytes]) -> Mapping[str, str]:
    try:
        places = [columns.index(name) for name in ("name", "state", "latest_version")]
    except ValueError:
        return {}
    rows = (line.split("\t") for line in islice(_lines(rest, source), MAX_MODULES))
    wanted = ([row[place] for place in places] for row in rows if len(row) == len(columns))
    return dict(_chosen((name, state, version) for name, state, version in wanted))


def _chosen(rows: Iterable[tuple[str, str, str]]) -> Iterator[tuple[str, str]]:
    for name, state, version in islice(rows, MAX_MODULES):
        if state in _INSTALLED:
            yield name[:NAME_LENGTH], version[:NAME_LENGTH]


def _lines(rest: bytes, source: Iterator[bytes]) -> Iterator[str]:
    r"""Yield the rows up to `\.`, at most until one is longer than any honest row."""
    while len(rest) < _LONGEST_ROW:
        *whole, rest = rest.split(b"\n")
        for line in whole:
            if line.rstrip(b"\r") == b"\\.":
                return
            yield line.decode("utf-8", "replace")
        chunk = next(source, b"")
        if not chunk:
            return
        rest += chunk
