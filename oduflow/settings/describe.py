"""The keys in words: the table for documentation and a fresh file, and hints for unknown keys."""

import ast
import inspect
import threading
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise

from oduflow.settings.notation import value_text
from oduflow.settings.schema import Section, about, allowed_text, keys_of
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
    return [row for header, section in tables.items() for row in _rows(header, section)]


def _rows(header: str, section: type[Section]) -> Iterator[KeyHelp]:
    # The string below a key is its description. `use_attribute_docstrings` would read all of them
    # from the source at each start, which costs 30 ms.
    with _PARSING:
        [model] = ast.parse(inspect.getsource(section)).body
    for declaration, below in pairwise(ast.iter_child_nodes(model)):
        match declaration, below:
            case ast.AnnAssign(target=ast.Name(key)), ast.Expr(ast.Constant(str(text))):
                field = keys_of(section)[key]
                words = " ".join(text.split())
                if reason := about(field, "no_effect"):
                    words = f"No effect yet ({reason}): {words}"
                default = about(field, "default")
                yield KeyHelp(
                    section=header,
                    key=key,
                    type=allowed_text(field),
                    default=default or value_text(field.default),
                    help=words,
                    secret=not field.repr,
                    in_words=bool(default),
                )


def suggest(name: str, known: Collection[str], otherwise: str) -> str:
    """Return the table that an unknown key belongs in, or the known name it resembles."""
    if headers := [f"[{header}]" for header, table in TABLES.items() if name in keys_of(table)]:
        return f"It belongs in {' or '.join(headers)}."
    matches = get_close_matches(name.lower().replace("-", "_"), known, n=1)
    return f'Did you mean "{matches[0]}"?' if matches else f"{otherwise} {', '.join(known)}."
