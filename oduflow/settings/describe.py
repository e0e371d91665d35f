"""The keys in words: the table for documentation and a fresh file, and hints for unknown keys."""

import ast
import inspect
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise

from pydantic.fields import FieldInfo

from oduflow.settings.notation import value_text
from oduflow.settings.schema import DefaultText, Section, allowed_text, keys_of
from oduflow.settings.sections import TABLES

_PARSING = threading.Lock()  # CPython 3.11 can parse in one thread at a time only (gh-106905)


@dataclass(frozen=True, slots=True)
class KeyHelp:
    """One row of the table.

    Args:
        section: the table's header without brackets: `server`, `team.<id>`.
        type: the allowed values in words.
        default: as TOML, or in words when `in_words`.
        secret: the value is never shown.
    """

    section: str
    key: str
    type: str
    default: str
    help: str
    secret: bool
    in_words: bool = False


def describe(tables: Mapping[str, type[Section]] = TABLES) -> list[KeyHelp]:
    """Return every key of the tables, by their headers, in the order of a fresh file."""
    return [
        _row(header, name, field, descriptions[name])
        for header, section in tables.items()
        for descriptions in [_descriptions(section)]
        for name, field in keys_of(section).items()
    ]


def _row(section: str, key: str, field: FieldInfo, description: str) -> KeyHelp:
    words = [mark.words for mark in field.metadata if isinstance(mark, DefaultText)]
    return KeyHelp(
        section=section,
        key=key,
        type=allowed_text(field),
        default=words[0] if words else value_text(field.default),
        help=description,
        secret=not field.repr,
        in_words=bool(words),
    )


def _descriptions(section: type[Section]) -> dict[str, str]:
    """Return the string below each key.

    Read from the source when asked for: `use_attribute_docstrings` would cost 30 ms at each start.
    """
    with _PARSING:
        [model] = ast.parse(inspect.getsource(section)).body
    found = {}
    for key, below in pairwise(ast.iter_child_nodes(model)):
        match key, below:
            case ast.AnnAssign(target=ast.Name(name)), ast.Expr(ast.Constant(str(text))):
                found[name] = " ".join(text.split())
    return found


def suggest(name: str, known: Collection[str], otherwise: str) -> str:
    """Return the table that an unknown key belongs in, or the known name it resembles."""
    if headers := [f"[{header}]" for header, table in TABLES.items() if name in keys_of(table)]:
        return f"It belongs in {' or '.join(headers)}."
    matches = get_close_matches(name.lower().replace("-", "_"), known, n=1)
    return f'Did you mean "{matches[0]}"?' if matches else f"{otherwise} {', '.join(known)}."
