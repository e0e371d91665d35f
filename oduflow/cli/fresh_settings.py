"""Describe every key of the configuration, and write a fresh file with all of them."""

import ast
import inspect
import os
import secrets
import textwrap
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from oduflow.files.private import create_file
from oduflow.settings import Settings, TeamSettings, parse
from oduflow.settings.notation import key_text, value_text
from oduflow.settings.problems import bad_file
from oduflow.settings.schema import Section, about, allowed_text, keys_of, secrets_of
from oduflow.settings.sections import SECTIONS, TABLES

_SECRET_BYTES = 32
_WIDTH = 96
_HEAD = """\
# Oduflow's configuration. A key behind a "#" has its default; take the "#" away to change it.
# This file contains secrets: keep its mode 0600.
"""
_PARSING = threading.Lock()  # CPython 3.11 can parse in one thread at a time only (gh-106905)

Overrides = Mapping[str, Any]


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
    """Return the keys of the tables, by their headers, in the order of a fresh file.

    A key that this version ignores or refuses is accepted with a warning, but not offered.
    """
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
                if about(field, "no_effect") or about(field, "not_served"):
                    continue
                default = about(field, "default")
                yield KeyHelp(
                    section=header,
                    key=key,
                    type=allowed_text(field),
                    default=default or value_text(field.default),
                    help=" ".join(text.split()),
                    secret=not field.repr,
                    in_words=bool(default),
                )


def write_fresh(path: Path, **overrides: Overrides) -> Settings:
    """Write a configuration with generated secrets and return its settings.

    Overwrites nothing. Readers never see half a file.

    Args:
        path: the file to make; missing folders are made, too.
        **overrides: values that differ from the defaults, one mapping a section:
            `server={"sample": True}`, `team={"blue": {"name": "Blue"}}` (default: one team, 1).
            A team without secrets in its mapping gets fresh ones.

    Raises:
        BadSettings: an override is invalid, or the file cannot be written.
        FileExistsError: the file exists, perhaps since a moment ago: load it instead.
    """
    path = path.absolute()
    text = _render(overrides)
    settings = parse(text, path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        create_file(path, text.encode())
    except OSError as cause:
        if isinstance(cause, FileExistsError) and os.path.lexists(path):
            raise
        why = cause.strerror or "an output error"
        raise bad_file(f"It cannot be written: {why}", path) from cause
    return settings


def _render(overrides: Mapping[str, Overrides]) -> str:
    blocks = [_HEAD]
    blocks += [_table(name, each, overrides.get(name, {})) for name, each in SECTIONS.items()]
    for team_id, values in overrides.get("team", {"1": {}}).items():
        fresh = {name: secrets.token_urlsafe(_SECRET_BYTES) for name in secrets_of(TeamSettings)}
        blocks.append(_table(key_text(["team", team_id]), TeamSettings, fresh | values))
    # Unknown tables are written, too: `parse` refuses them with a hint.
    unknown = overrides.keys() - SECTIONS.keys() - {"team"}
    return "\n".join([*blocks, *(f"[{key_text([name])}]\n" for name in unknown)])


def _table(header: str, section: type[Section], values: Overrides) -> str:
    lines = [f"[{header}]", ""]
    for row in describe({header: section}):
        about = f"{row.help} Default: {row.default}." if row.in_words else row.help
        lines.extend(f"# {line}" for line in textwrap.wrap(about, _WIDTH))
        if row.key in values:
            lines.append(f"{row.key} = {value_text(values[row.key])}")
        else:
            lines.append(f"#{row.key} = {'…' if row.in_words else row.default}")
        lines.append("")
    unknown = values.keys() - keys_of(section).keys()
    lines.extend(f"{key_text([name])} = {value_text(values[name])}" for name in unknown)
    return "\n".join(lines)
