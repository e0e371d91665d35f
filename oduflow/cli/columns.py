"""Choose the columns of a list's table, for a terminal of 80 characters."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

Row = Mapping[str, Any]

# By the field that holds the rows; `--json` has the other columns. Every row has the first two
# fields, else the list is of another kind (an environment's extra repos are pins) and shows all.
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
_EMPTY: tuple[object, ...] = (None, "", [], {})


def columns_of(key: str, rows: Sequence[Row]) -> tuple[list[str], bool]:
    """Return the columns of a list, and whether values are left out.

    Args:
        key: the field that holds the rows.
        rows: at least one, with the fields in the view's order.

    Returns:
        The columns for which a row has a value, and whether a field with a value is not among them.
    """
    found = [
        column
        for column in dict.fromkeys(field for row in rows for field in row)
        if any(row.get(column) not in _EMPTY for row in rows)
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
