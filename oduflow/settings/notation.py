"""Write keys and values as TOML."""

import json
import re
from collections.abc import Iterable, Mapping

from oduflow.domain.masking import HIDDEN

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_MAX_SHOWN = 80
_MAX_BITS = 1024  # Python refuses to write the decimal digits of huge numbers


def key_text(path: Iterable[str]) -> str:
    """Write a path of keys, such as `team.1.name`; a part is quoted if TOML needs it."""
    return ".".join(part if _BARE.fullmatch(part) else _quoted(part) for part in path)


def value_text(value: object) -> str:
    """Write a value as TOML; paths, networks and ranges of ports become texts."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and value.bit_length() > _MAX_BITS:
        return hex(value)
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(value_text, value))}]"
    if isinstance(value, Mapping):
        pairs = (f"{key_text([name])} = {value_text(item)}" for name, item in value.items())
        return f"{{{', '.join(pairs)}}}"
    return _quoted(f"{value[0]}-{value[-1]}" if isinstance(value, range) else str(value))


def shown_value(value: object) -> str:
    """Write a value for a message: short, and without a password before an @."""
    if isinstance(value, list | Mapping):
        return "[…]" if isinstance(value, list) else "{…}"
    if isinstance(value, str) and "@" in value:
        before, _, after = value.rpartition("@")
        scheme, mark, _ = before.rpartition("://")
        value = f"{scheme}{mark}{HIDDEN}@{after}"
    text = value_text(value)
    return text if len(text) <= _MAX_SHOWN else f"{text[: _MAX_SHOWN - 1]}…"


def _quoted(text: str) -> str:
    """Quote a text and escape its control and invisible characters, for the sake of terminals."""
    return "".join(
        character if character.isprintable() else f"\\U{ord(character):08x}"
        for character in json.dumps(text, ensure_ascii=False)
    )
