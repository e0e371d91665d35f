"""Text of others, cut to a length that an answer may have."""

import re

MAX_OUTPUT = 8_000
_GAP = "\n…\n"
# The control characters (C0, DEL, C1) and what Unicode breaks lines at.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def excerpt(text: str, most: int = MAX_OUTPUT) -> str:
    """Keep a text's head and tail, at most this many characters with the mark between them."""
    if len(text) <= most:
        return text
    kept = most - len(_GAP)
    tail = kept // 2
    return text[: kept - tail] + _GAP + text[-tail:]


def one_line(text: str) -> str:
    """Escape control characters, so that no text of others begins a line of its own in a log."""
    return _CONTROL.sub(lambda found: ascii(found[0])[1:-1], text)
