"""The chain of the audit log: each row has a seal, which covers the seal of the row before.

A seal is an HMAC (RFC 2104) with SHA-256 over the row's columns, its number and the previous seal.
Without the key, no row can be changed or removed unnoticed.
"""

import hmac
import json
from dataclasses import dataclass

_DIGITS = 20  # a line never changes its length, so that it is overwritten in one piece
_PARTS = 4


@dataclass(frozen=True, slots=True)
class SealedRow:
    """A row as the store keeps it.

    Attributes:
        time: the column's text.
        canonical: the row's content as one text.
        previous: the seal of the row before; None on a damaged row, as `seal` may be.
    """

    number: int
    time: str
    team: str
    canonical: str
    previous: str | None
    seal: str | None


@dataclass(frozen=True, slots=True)
class Point:
    """A position in the chain: a row's number and seal, and the day (UTC) it was the last row."""

    number: int
    seal: str
    day: str = ""


START = Point(0, "0" * 64)
"""The position where the chain begins: the first row names its seal."""


class Sealer:
    """Seals rows, and signs lines and texts, with one key."""

    def __init__(self, key: str) -> None:
        self._key = key.encode()

    def seal(self, row: SealedRow) -> str:
        """Return the seal that a row must have, 64 hexadecimal digits."""
        return self._hmac("row", row.number, row.previous, row.time, row.team, row.canonical)

    def fits(self, row: SealedRow) -> bool:
        """Whether the seal of a row is right."""
        return row.seal is not None and hmac.compare_digest(row.seal, self.seal(row))

    def line(self, purpose: str, point: Point) -> str:
        """Write a point as one signed line.

        Args:
            purpose: `head` or `checkpoint`; a line of one never passes as the other.
            point: the content of the line.
        """
        signature = self._hmac(purpose, point.number, point.seal, point.day)
        return f"{point.day} {point.number:0{_DIGITS}} {point.seal} {signature}\n"

    def read(self, purpose: str, line: str) -> Point | None:
        """Read a signed line; None when it is not one of ours."""
        parts = line.split()
        if len(parts) != _PARTS or not line.isascii() or not parts[1].isdecimal():
            return None
        point = Point(int(parts[1]), parts[2], parts[0])
        signed = self.line(purpose, point).split()
        return point if hmac.compare_digest(signed[-1], parts[-1]) else None

    def sign(self, purpose: str, text: str) -> str:
        """Return the signature of a text, which fits no row, line or text of another purpose."""
        return self._hmac("text", purpose, text)

    def _hmac(self, *said: object) -> str:
        return hmac.digest(self._key, json.dumps(said).encode(), "sha256").hex()
