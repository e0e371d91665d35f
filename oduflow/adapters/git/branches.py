"""Valid names of branches, tags and refs, and suggestions for a wrong one."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

from oduflow.domain.errors import Invalid

HEADS = "refs/heads/"
TAGS = "refs/tags/"
_REFS = "refs/"
# git-check-ref-format(1); a leading "-" and unprintable characters are refused as well.
_FORBIDDEN = re.compile(r"\.\.|@\{|//|/\.|[ ~^:?*\[\\]|\.lock(?:/|$)|^[./-]|[./]$|^@$")
_REFSPEC = re.compile(r"\+?(?P<source>[^+: ]+):[^: ]*|\+(?P<forced>[^+: ]+)")
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SHORTENED = re.compile(r"[0-9a-f]{7,63}")
_MAX_BYTES = 240  # a ref is also a file name, whose limit is 255 bytes, ".lock" included
_SHOWN = 5
_ALONE = "Give the name alone, such as 19.0."


def check_branch(name: str) -> str:
    """Return a valid name of a branch, tag, ref or commit unchanged.

    Raises:
        Invalid: git would not accept it as the name of a branch.
    """
    if not name.isprintable() or not 0 < len(name.encode()) <= _MAX_BYTES:
        raise Invalid("A branch name is 1 to 240 bytes of printable text.", _ALONE)
    if refspec := _REFSPEC.fullmatch(name):
        alone = refspec["source"] or refspec["forced"]
        raise Invalid(f"“{name}” is a refspec, not a branch.", f"Give the branch alone: {alone}")
    if _FORBIDDEN.search(name):
        raise Invalid("That is not the name of a branch.", _ALONE)
    return name


def is_commit_id(name: str) -> bool:
    """Whether a name is a whole commit id."""
    return _COMMIT.fullmatch(name) is not None


def is_shortened_commit_id(name: str) -> bool:
    """Whether a name can be the beginning of a commit id, which no server completes."""
    return not is_commit_id(name) and _SHORTENED.fullmatch(name) is not None


def likely_source(name: str) -> str:
    """Return what to fetch for a name without asking the server: a branch, in most cases."""
    if name.startswith(_REFS) or is_commit_id(name):
        return name
    return HEADS + name


def candidates(name: str) -> tuple[str, ...]:
    """Return the refs that a name can mean, the first that exists wins (gitrevisions(7))."""
    if name.startswith(_REFS):
        return (name,)
    return (HEADS + name, TAGS + name, _REFS + name)


def similar(name: str, known: Iterable[str]) -> list[str]:
    """Return at most five names that are similar to a missing one, the most similar first."""
    return get_close_matches(name, sorted(known), n=_SHOWN, cutoff=0.6)


def first_names(known: Iterable[str]) -> str:
    """Return the first five names in alphabetical order, and how many more there are."""
    names = sorted(known)
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
