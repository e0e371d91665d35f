"""Hints for keys and tables that do not exist."""

from collections.abc import Collection
from difflib import get_close_matches

from oduflow.settings.keys import keys_of
from oduflow.settings.model import SECTIONS
from oduflow.settings.team import Team

TEAM_HEADER = "[team.<id>]"


def suggest_table(name: str) -> str:
    """Say which table was meant by a top-level name that is none."""
    if home := _home_of(name):
        return f"It belongs in {home}."
    tables = [*SECTIONS, "team"]
    return _nearest(name, tables) or f"The tables are {', '.join(tables)}."


def suggest_key(name: str, shape: type) -> str:
    """Say which key of a section was meant, or which section the key belongs in."""
    if home := _home_of(name):
        return f"It belongs in {home}."
    keys = keys_of(shape)
    return _nearest(name, keys) or f"The keys here are {', '.join(keys)}."


def _home_of(name: str) -> str:
    headers = {shape: f"[{section}]" for section, shape in SECTIONS.items()} | {Team: TEAM_HEADER}
    return " or ".join(header for shape, header in headers.items() if name in keys_of(shape))


def _nearest(name: str, known: Collection[str]) -> str:
    matches = get_close_matches(name.lower().replace("-", "_"), known, n=1)
    return f'Did you mean "{matches[0]}"?' if matches else ""
