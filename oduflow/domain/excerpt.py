"""Text of others, cut to a length that an answer may have."""

MAX_OUTPUT = 8_000
_GAP = "\n…\n"


def excerpt(text: str, most: int = MAX_OUTPUT) -> str:
    """Keep a text's head and tail, at most this many characters with the mark between them."""
    if len(text) <= most:
        return text
    kept = most - len(_GAP)
    tail = kept // 2
    return text[: kept - tail] + _GAP + text[-tail:]
