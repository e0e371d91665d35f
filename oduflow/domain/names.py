"""Names that people choose, and opaque ids."""

import hashlib
import re
import secrets
import unicodedata

from oduflow.domain.errors import Invalid

MAX_NAME = 39
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,38}")
_ID_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_ID_LENGTH = 12
_DIGEST = 8  # hex digits, so that two long branches of a team do not get one name by chance


def slug(text: str) -> str:
    """Convert a text into a name: lower case, ASCII, dashes, at most 39 characters.

    A longer text, such as a long branch, is cut and gets a digest of the whole text at its end:
    cutting alone could give two branches one name.

    Raises:
        Invalid: no usable character is left.
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


def branch_name(text: str) -> str:
    """Return the name of a branch without the `refs/heads/` that some tools write before it."""
    return text.strip().removeprefix("refs/heads/")


def new_id() -> str:
    """Make an opaque id of 60 random bits: safe in a role, a database, a volume, a path."""
    return "".join(secrets.choice(_ID_ALPHABET) for _ in range(_ID_LENGTH))
