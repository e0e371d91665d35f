r"""Put a plain dump behind a `\restrict` of our own, so that psql executes none of its commands.

Behind `\restrict <key>` psql refuses every backslash command but `\unrestrict <key>` (psql manual).
pg_dump writes such a pair itself since its releases of August 2025, which psql would refuse inside
ours. It is removed where pg_dump writes it: the first before the first statement, the last as the
last line of the file. Everything between is passed on unseen: a line of COPY data may look like
either, and a line filter would remove it.
"""

import re
from collections.abc import Iterable, Iterator

from oduflow.domain.errors import Invalid

_TAIL = 8192
_HEADER_LIMIT = 1 << 16
_BEGIN = re.compile(rb"(?:\A|\n)-- PostgreSQL database dump\r?\n")
_END = b"-- PostgreSQL database dump complete"
_BOM = b"\xef\xbb\xbf"
_OWN = re.compile(rb"((?:[ \t\r]*\n|--[^\n]*\n)*)\\restrict ([A-Za-z0-9]{1,128})\r?\n")
_ROWS = re.compile(rb"(?:\A|\n)[ \t]*(?:COPY|INSERT)\b", re.IGNORECASE)


def restricted(chunks: Iterable[bytes], key: str) -> Iterator[bytes]:
    r"""Yield a dump behind `\restrict key`, without its own pair.

    Args:
        chunks: the dump.
        key: random, of letters and digits, which the dump cannot know.

    Raises:
        Invalid: pg_dump made it, and its end is missing. psql would take the end of the file for
            the end of a table's rows.
    """
    # First of all: a carriage return ends a comment for psql, and a command may follow it.
    yield b"\\restrict " + key.encode() + b"\n"
    source = iter(chunks)
    held = _header(source)
    whole = _is_of_pg_dump(held)
    last = None
    if found := _OWN.match(held):
        last = re.compile(rb"(\A|\n)\\unrestrict " + found[2] + rb"\s*\Z")
        yield found[1]  # ours is a line more and theirs one less, so psql counts lines as an editor
        held = held[found.end() :]
    for chunk in source:
        held += chunk
        if len(held) > 2 * _TAIL:
            yield held[:-_TAIL]
            held = held[-_TAIL:]
    if whole and _END not in held[-_TAIL:]:
        raise Invalid(
            "The dump is not complete: pg_dump's last line is missing.",
            "Compare its size and checksum with the original's, and copy it again.",
        )
    yield held if last is None else last.sub(rb"\1", held)


def _header(source: Iterator[bytes]) -> bytes:
    """Return the beginning of the dump without a byte order mark."""
    head = b""
    for chunk in source:
        head += chunk
        if len(head) >= _HEADER_LIMIT:
            break
    return head.removeprefix(_BOM)


def _is_of_pg_dump(head: bytes) -> bool:
    """Whether pg_dump's first line is before the first rows, which may hold such a line as well.

    Settings may have been added before it, such as `SET session_replication_role = replica;`.
    """
    head = head[:_HEADER_LIMIT]
    rows = _ROWS.search(head)
    return _BEGIN.search(head, 0, rows.start() + 1 if rows else len(head)) is not None
