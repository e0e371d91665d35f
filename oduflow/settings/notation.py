"""Write keys and values the way they stand in a TOML file."""

import json
import re
from collections.abc import Iterable, Mapping

MASK = "****"

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_LONGEST = 80
_WIDEST_NUMBER = 1024  # bits; Python refuses to write the decimal digits of endless numbers


def key_text(path: Iterable[str]) -> str:
    """Write a path of keys: `team.1.name`, quoting a part that needs it."""
    return ".".join(part if _BARE.fullmatch(part) else _quoted(part) for part in path)


def value_text(value: object) -> str:
    """Write a value as TOML; paths, networks and port ranges become texts."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value) if value.bit_length() <= _WIDEST_NUMBER else hex(value)
    if isinstance(value, float):
        return str(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(value_text, value))}]"
    if isinstance(value, Mapping):
        pairs = (f"{key_text([name])} = {value_text(item)}" for name, item in value.items())
        return f"{{{', '.join(pairs)}}}"
    return _quoted("" if value is None else str(value))


def shown_value(value: object) -> str:
    """Write a value for a message: short, and without a password that stands before an @."""
    if isinstance(value, list | Mapping):
        return "[…]" if isinstance(value, list) else "{…}"
    if isinstance(value, str) and "@" in value:
        before, _, after = value.rpartition("@")
        scheme, mark, _ = before.rpartition("://")
        value = f"{scheme}{mark}{MASK}@{after}"
    text = value_text(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _quoted(text: str) -> str:
    """Quote a text; what a terminal would obey or not show is escaped."""
    return "".join(
        character if character.isprintable() else f"\\U{ord(character):08x}"
        for character in json.dumps(text, ensure_ascii=False)
    )
