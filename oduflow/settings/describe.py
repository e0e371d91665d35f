"""The keys in words: the table for documentation and a fresh file, and hints for unknown keys."""

import ast
import inspect
from collections.abc import Collection
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise

from pydantic.fields import FieldInfo

from oduflow.settings.notation import value_text
from oduflow.settings.schema import DefaultText, Section, allowed_text, keys_of
from oduflow.settings.sections import SECTIONS, TABLES


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


def describe() -> list[KeyHelp]:
    """Return every key of `oduflow.toml`, in the order of a fresh file."""
    return [row for name, section in TABLES.items() for row in describe_section(name, section)]


def describe_section(name: str, section: type[Section]) -> list[KeyHelp]:
    """Return the keys of one section."""
    descriptions = _descriptions(section)
    return [_row(name, key, field, descriptions[key]) for key, field in keys_of(section).items()]


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
    [model] = ast.parse(inspect.getsource(section)).body
    found = {}
    for key, below in pairwise(ast.iter_child_nodes(model)):
        match key, below:
            case ast.AnnAssign(target=ast.Name(name)), ast.Expr(ast.Constant(str(text))):
                found[name] = " ".join(text.split())
    return found


def suggest_table(name: str) -> str:
    """Return the table that an unknown top-level name probably means."""
    tables = [*SECTIONS, "team"]
    return _suggest(name, tables, f"The tables are {', '.join(tables)}.")


def suggest_key(name: str, section: type[Section]) -> str:
    """Return the key that an unknown name probably means, or the section it belongs in."""
    keys = keys_of(section)
    return _suggest(name, keys, f"The keys here are {', '.join(keys)}.")


def _suggest(name: str, known: Collection[str], otherwise: str) -> str:
    if homes := [f"[{header}]" for header, keys in TABLES.items() if name in keys_of(keys)]:
        return f"It belongs in {' or '.join(homes)}."
    matches = get_close_matches(name.lower().replace("-", "_"), known, n=1)
    return f'Did you mean "{matches[0]}"?' if matches else otherwise
