"""Names a person types, and the opaque ids behind them."""

import hashlib
import re
import secrets
import unicodedata

from oduflow.domain.errors import Invalid

MAX_NAME = 39
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,38}")
_ID_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_ID_LENGTH = 12
_DIGEST = 8  # hex digits: two long branches of one team never meet by chance


def slug(text: str) -> str:
    """Turn what a person typed into a name: lower case, ASCII, dashes, at most 39 characters.

    A longer text, as branches often are, is cut and ends in a digest of the whole: cutting alone
    would make one environment of two branches.

    Raises:
        Invalid: nothing usable is left.
    """
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    name = re.sub(r"[^a-z0-9]+", "-", ascii_text.lower()).strip("-")
    if len(name) > MAX_NAME:
        digest = hashlib.sha256(name.encode()).hexdigest()[:_DIGEST]
        name = f"{name[: MAX_NAME - _DIGEST - 1].rstrip('-')}-{digest}"
    if not _NAME.fullmatch(name):
        shown = text if len(text) <= MAX_NAME else text[:MAX_NAME] + "…"
        raise Invalid(
            f"“{shown}” makes no name.",
            "Use letters, digits and dashes, for example “sale-discounts”.",
        )
    return name


def new_id() -> str:
    """Make an opaque id of 60 random bits: safe in a role, a database, a volume, a path."""
    return "".join(secrets.choice(_ID_ALPHABET) for _ in range(_ID_LENGTH))
