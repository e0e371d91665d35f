"""The SQL that replaces a value by an invented one, and the pattern that proves it.

A replacement derives from a keyed hash of the value, so that equal values stay equal in all tables,
different ones stay different, and trying candidates finds no value without the key.
"""

from psycopg.sql import SQL, Composable, Composed, Literal

from oduflow.domain.anonymisation import Invented

LONGEST = 40  # characters of the longest replacement
_FIRST = [
    "Ada",
    "Ben",
    "Cleo",
    "Dan",
    "Eva",
    "Finn",
    "Gina",
    "Hugo",
    "Ines",
    "Jan",
    "Kira",
    "Leo",
    "Mia",
    "Nils",
    "Olga",
    "Paul",
]
_LAST = [
    "Adler",
    "Berg",
    "Conrad",
    "Duval",
    "Ekman",
    "Falk",
    "Girard",
    "Holm",
    "Ivers",
    "Jansen",
    "Keller",
    "Lang",
    "Moreau",
    "Nagy",
    "Olsen",
    "Peeters",
]
_EPOCH_DAYS = 365  # how far dates move at most

PATTERNS = {
    Invented.EMAIL: r"^[0-9a-f]{16}@example\.com$",
    Invented.HASH: r"^[0-9a-f]{32}$",
    Invented.NAME: r"^[A-Z][a-z]+ [A-Z][a-z]+ [0-9a-f]{12}$",
    Invented.PHONE: r"^\+999[0-9]{12}$",
    Invented.TEXT: r"^Text [0-9a-f]{12}$",
}


def replacement(kind: Invented, value: Composable, key: str) -> Composed:
    """Return the text that replaces a text, as SQL; NULL and empty texts stay.

    Args:
        kind: one of `PATTERNS`.
        value: the text.
        key: of the hash.
    """
    digest = _digest(value, key)
    if kind is Invented.EMAIL:
        made = SQL("substr({}, 1, 16) || '@example.com'").format(digest)
    elif kind is Invented.HASH:
        made = SQL("substr({}, 1, 32)").format(digest)
    elif kind is Invented.PHONE:
        made = SQL(
            "'+999' || lpad(mod(('x' || substr({}, 1, 12))::bit(48)::bigint, 1000000000000)"
            "::text, 12, '0')"
        ).format(digest)
    elif kind is Invented.TEXT:
        made = SQL("'Text ' || substr({}, 1, 12)").format(digest)
    else:
        made = SQL("{} || ' ' || {} || ' ' || substr({}, 1, 12)").format(
            _choice(_FIRST, digest, 13), _choice(_LAST, digest, 14), digest
        )
    return SQL("CASE WHEN {0} IS NULL OR {0} = '' THEN {0} ELSE {1} END").format(value, made)


def moved(column: Composable, key: str) -> Composed:
    """Return a date or a time, earlier by 1 to 365 days, the same for all fields of one row."""
    days = SQL("(mod(('x' || substr({}, 1, 7))::bit(28)::int, {}) + 1)").format(
        _digest(SQL("id::text"), key), _EPOCH_DAYS
    )
    return SQL("{} - {} * interval '1 day'").format(column, days)


def _digest(value: Composable, key: str) -> Composed:
    return SQL("encode(sha256(convert_to({} || {}, 'UTF8')), 'hex')").format(
        Literal(f"{key}:"), value
    )


def _choice(words: list[str], digest: Composable, position: int) -> Composed:
    return SQL("(ARRAY[{}])[('x' || substr({}, {}, 1))::bit(4)::int + 1]").format(
        SQL(", ").join(map(Literal, words)), digest, position
    )
