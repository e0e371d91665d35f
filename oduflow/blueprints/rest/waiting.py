"""How long a caller would like to wait for a slow operation (RFC 7240, `Prefer: wait`)."""

import re

MAX_SECONDS = 45
_WAIT = re.compile(r'wait\s*=\s*"?(\d{1,9})"?\s*(?:;.*)?', re.IGNORECASE)


def asked_wait(prefer: str) -> int:
    """Return the seconds that a `Prefer` header asks to wait, at most 45; without it 0.

    A preference is a wish: what cannot be understood is passed over.
    """
    matches = (_WAIT.fullmatch(wish.strip()) for wish in prefer.split(","))
    return next((min(int(match[1]), MAX_SECONDS) for match in matches if match), 0)
