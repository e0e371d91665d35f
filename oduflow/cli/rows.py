"""Which columns the table of a list has: few enough for a terminal of 80 characters."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

Row = Mapping[str, Any]

# By the field that holds the rows, the two first of which they all have; `--json` has the rest.
# A list that is not here shows it all, such as the extra repos of one environment: pins, no repos.
COLUMNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "credentials": ("host", "path", "username", "provider", "state", "expires_at"),
        "entries": ("number", "time", "actor", "face", "operation", "outcome", "count"),
        "environments": ("name", "state", "branch", "template", "url", "created_by"),
        "extra_repos": ("name", "state", "branch", "repo_url", "environments"),
        "grants": ("name", "state", "environments", "tiers", "calls_left", "expires_at"),
        "jobs": ("job", "operation", "target", "status", "step", "position", "created_by"),
        "templates": ("name", "state", "odoo_image", "modules", "environments"),
    }
)
_NOTHING: tuple[object, ...] = (None, "", [], {})


def columns_of(key: str, rows: Sequence[Row]) -> tuple[list[str], bool]:
    """Choose the columns of a list.

    Args:
        key: the field that holds the rows.
        rows: at least one; each names its fields in the view's order.

    Returns:
        The columns that some row has a value for, and whether some value is in none of them.
    """
    found = [
        column
        for column in dict.fromkeys(field for row in rows for field in row)
        if any(row.get(column) not in _NOTHING for row in rows)
    ]
    wanted: Sequence[str] = COLUMNS.get(key, found)
    if not all(row.keys() >= set(wanted[:2]) for row in rows):
        wanted = found
    shown = [
        column
        for column in wanted
        if column in found and not any(_is_nested(row.get(column)) for row in rows)
    ]
    return shown, len(shown) < len(found)


def _is_nested(value: Any) -> bool:
    return isinstance(value, dict) or (
        isinstance(value, list) and any(isinstance(item, dict) for item in value)
    )
