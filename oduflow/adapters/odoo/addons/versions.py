"""Odoo's rule for the version of a manifest (`adapt_version` and `check_version` of Odoo 19)."""

FEWEST_PARTS, MOST_PARTS = 2, 5
SHORT = 3  # parts of a version without a series


def is_version(version: str) -> bool:
    """Whether Odoo can read a version: 2 to 5 numbers with dots between them."""
    parts = version.split(".")
    return FEWEST_PARTS <= len(parts) <= MOST_PARTS and all(map(_is_number, parts))


def is_of_series(version: str, series: str) -> bool:
    """Whether Odoo of that series installs a module of that version.

    A version of 2 or 3 numbers belongs to any series, unless it begins as the series does.
    """
    if len(version.split(".")) <= SHORT and not version.startswith(series):
        return True
    return version.startswith(f"{series}.")


def series_of(version: str) -> str:
    """Return the series that a version names, such as `19.0`; empty if it names none."""
    parts = version.split(".")
    return ".".join(parts[:2]) if len(parts) > SHORT else ""


def _is_number(text: str) -> bool:
    try:
        int(text)  # as Odoo does, which also reads `+1` and `1_0`
    except ValueError:
        return False
    return True
