"""Valid branch names, and suggestions for a wrong one."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

from oduflow.domain.errors import Invalid

# git-check-ref-format(1); a leading "-" and unprintable characters are refused as well.
_FORBIDDEN = re.compile(r"\.\.|@\{|//|/\.|[ ~^:?*\[\\]|\.lock(?:/|$)|^[./-]|[./]$|^@$")
_MAX_BYTES = 240  # a ref is also a file name, whose limit is 255 bytes, ".lock" included
_SHOWN = 5
_ALONE = "Give the name alone, such as 19.0."


def check_branch(name: str) -> str:
    """Return a valid branch name unchanged.

    Raises:
        Invalid: git would not accept it as the name of a branch.
    """
    if not name.isprintable() or not 0 < len(name.encode()) <= _MAX_BYTES:
        raise Invalid("A branch name is 1 to 240 bytes of printable text.", _ALONE)
    if _FORBIDDEN.search(name):
        raise Invalid("That is not the name of a branch.", _ALONE)
    return name


def similar(name: str, branches: Iterable[str]) -> list[str]:
    """Return at most five branches with a name similar to a missing one, the most similar first."""
    known = sorted(branches)
    return get_close_matches(name, known, n=_SHOWN, cutoff=0.5) or known[:_SHOWN]
