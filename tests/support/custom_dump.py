"""Dumps in pg_dump's custom format that pg_dump would not write.

Source: PostgreSQL's `src/bin/pg_dump/pg_backup_archiver.c` (ReadHead, ReadToc), archive version
1.14 of PostgreSQL 12 to 15, which every later pg_restore reads.
"""

from collections.abc import Iterable, Iterator

_SECTION_PRE_DATA = 2
_NO_DATA = 3  # the state of an entry's offset


def dump_of_tables(count: int) -> Iterator[bytes]:
    """Yield a dump whose list of content has that many tables, and no data."""
    statements = (
        ("TABLE", f"t{number}", f"CREATE TABLE public.t{number} ();\n")
        for number in range(1, count + 1)
    )
    return dump_of(statements, count)


def dump_of(statements: Iterable[tuple[str, str, str]], count: int) -> Iterator[bytes]:
    """Yield a dump of statements, each with its kind and name, and no data."""
    moment = b"".join(_int(part) for part in (0, 0, 0, 1, 0, 124, 0))
    yield b"PGDMP" + bytes((1, 14, 0, 4, 8, 1)) + _int(0) + moment
    yield _text("hostile") + _text("15.1") + _text("15.1") + _int(count)
    for number, (kind, name, statement) in enumerate(statements, 1):
        yield _entry(number, kind, name, statement)


def _entry(number: int, kind: str, name: str, statement: str) -> bytes:
    return b"".join(
        (
            _int(number),
            _int(0),  # no data
            *map(_text, ("1259", str(number), name, kind)),
            _int(_SECTION_PRE_DATA),
            *map(_text, (statement, "", None)),
            *map(_text, ("public", "", "heap", "odoo", "false", None)),
            bytes((_NO_DATA,)) + bytes(8),
        )
    )


def _int(value: int) -> bytes:
    return b"\0" + value.to_bytes(4, "little")


def _text(value: str | None) -> bytes:
    if value is None:
        return b"\1" + (1).to_bytes(4, "little")  # the length -1
    return _int(len(value)) + value.encode()
