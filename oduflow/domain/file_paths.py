"""Paths of files in a repository as callers write them, and patterns that select among them."""

from collections.abc import Sequence
from functools import lru_cache

from oduflow.domain.errors import Invalid

MAX_PATH_BYTES = 1024
MAX_PART_BYTES = 255  # of a name, as Linux allows
MAX_DEPTH = 40
_EXAMPLE = "Give it from the repository's root on, such as my_module/models/sale.py."

Parts = tuple[str, ...]
"""The folders of a path and the name at its end; empty for the root."""


def parts_of(path: str) -> Parts:
    """Split a path that a caller wrote; `.`, a slash at the end and double slashes do not count.

    Raises:
        Invalid: it is absolute, leaves the repository, is git's own, or no file can be named so.
    """
    if not path.isprintable() or len(path.encode()) > MAX_PATH_BYTES:
        raise Invalid(f"A path is printable text of at most {MAX_PATH_BYTES:,} bytes.", _EXAMPLE)
    if path.startswith("/"):
        raise Invalid(f"“{path}” is not a path in the repository.", _EXAMPLE)
    parts = tuple(part for part in path.split("/") if part not in {"", "."})
    for part in parts:
        if part == "..":
            raise Invalid(f"“{path}” may not contain “..”.", _EXAMPLE)
        if is_gits_own(part):
            raise Invalid(f"“{path}” is git's own and can be neither read nor written.", _EXAMPLE)
        if len(part.encode()) > MAX_PART_BYTES:
            raise Invalid(f"A name in a path has at most {MAX_PART_BYTES} bytes.", _EXAMPLE)
    if len(parts) > MAX_DEPTH:
        raise Invalid(f"“{path}” is more than {MAX_DEPTH} folders deep.", _EXAMPLE)
    return parts


def is_gits_own(part: str) -> bool:
    """Whether git takes a name for its own folder, on some file system (git's `verify_path`)."""
    name = part.partition(":")[0].rstrip(" .").casefold()
    return name in {".git", "git~1"}


def matches(parts: Sequence[str], pattern: str) -> bool:
    """Whether a path matches a pattern with `*`, `?`, and `**` for any number of folders.

    A pattern without a slash is about the file's name alone, as in `*.xml`.
    """
    wanted = _pattern_parts(pattern)
    if len(wanted) == 1 and wanted[0] != "**":
        return bool(parts) and _is_like(parts[-1], wanted[0])
    # reached[n]: whether the first n parts match what of the pattern was looked at.
    reached = [True, *(False for _ in parts)]
    for each in wanted:
        if each == "**":
            first = reached.index(True) if True in reached else len(reached)
            reached = [number >= first for number in range(len(reached))]
        else:
            steps = zip(reached, parts, strict=False)
            reached = [False, *(was and _is_like(part, each) for was, part in steps)]
    return reached[-1]


@lru_cache(maxsize=16)
def _pattern_parts(pattern: str) -> Parts:
    return tuple(part for part in pattern.split("/") if part not in {"", "."})


def _is_like(name: str, pattern: str) -> bool:
    """Match one name in time proportional to both lengths multiplied, unlike `fnmatch`."""
    at = reached = 0
    star, resumed = -1, 0
    while reached < len(name):
        if at < len(pattern) and pattern[at] == "*":
            star, resumed, at = at, reached, at + 1
        elif at < len(pattern) and pattern[at] in {"?", name[reached]}:
            at, reached = at + 1, reached + 1
        elif star >= 0:
            resumed += 1
            at, reached = star + 1, resumed
        else:
            return False
    return not pattern[at:].strip("*")
