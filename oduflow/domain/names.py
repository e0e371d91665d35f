"""Names a person types, and the opaque ids behind them."""

import re
import secrets
import unicodedata

from oduflow.domain.errors import Invalid

MAX_NAME = 39
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,38}")
_ID_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_ID_LENGTH = 12


def slug(text: str) -> str:
    """Turn what a person typed into a name: lower case, ASCII, dashes, at most 39 characters.

    Raises:
        Invalid: nothing usable is left, or the text is longer than a name can be.
    """
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    name = re.sub(r"[^a-z0-9]+", "-", ascii_text.lower()).strip("-")
    if not _NAME.fullmatch(name):
        shown = text if len(text) <= MAX_NAME else text[:MAX_NAME] + "…"
        raise Invalid(
            f"“{shown}” makes no name.",
            f"Use 1 to {MAX_NAME} letters, digits and dashes, for example “sale-discounts”.",
        )
    return name


def new_id() -> str:
    """Make an opaque id of 60 random bits: safe in a role, a database, a volume, a path."""
    return "".join(secrets.choice(_ID_ALPHABET) for _ in range(_ID_LENGTH))
