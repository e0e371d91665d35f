"""Untrusted text: shortened for an answer, escaped for a log."""

import re

MAX_OUTPUT = 8_000
_GAP = "\n…\n"
# The control characters (C0, DEL, C1) and Unicode's line breaks.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def excerpt(text: str, most: int = MAX_OUTPUT) -> str:
    """Return a text's beginning and end, at most `most` characters with the mark in between.

    Both parts consist of whole lines, unless a line is longer than half of a part.
    """
    if len(text) <= most:
        return text
    kept = most - len(_GAP)
    tail = kept // 2
    head, end = text[: kept - tail], text[-tail:]
    if head.rfind("\n") >= len(head) // 2:
        head = head[: head.rfind("\n")]
    if 0 <= end.find("\n") < len(end) // 2:
        end = end[end.find("\n") + 1 :]
    return head + _GAP + end


def end_of(text: str, most: int = MAX_OUTPUT) -> str:
    """Return a text's end, at most `most` characters: whole lines, or the end of a longer line."""
    if len(text) <= most:
        return text
    _, newline, lines = text[-most - 1 :].partition("\n")
    return lines if newline and lines else text[-most:]


def one_line(text: str) -> str:
    """Escape control characters, so that untrusted text cannot begin a new line in a log."""
    return _CONTROL.sub(lambda found: ascii(found[0])[1:-1], text)
