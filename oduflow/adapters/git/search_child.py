"""Search the files below a folder, in a process of its own that its parent ends in time.

Usage: search_child.py, with the question as JSON on standard input: `root`, `below`, `glob`,
`pattern`, `regex`, `file_bytes`, `matches`, `line_characters`. It writes one JSON array a line:
`["match", path, line, text]`, `["skipped"]` for a file that is too large, or one
`["invalid", reason]`, and `["end"]` when it has looked at everything.

Python's regular expressions can take time without end, and hold the interpreter meanwhile: that is
why the server does not run them itself. It runs without site-packages, so that it starts fast.
"""

import json
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
Finder = Callable[[str], object]


def answers(question: dict[str, Any]) -> Iterator[list[Any]]:
    """Yield what is found, in the order of the paths."""
    from oduflow.domain.errors import Failure  # noqa: PLC0415
    from oduflow.domain.file_paths import matches  # noqa: PLC0415
    from oduflow.files.untrusted_tree import UntrustedTree  # noqa: PLC0415

    try:
        found = finder(question["pattern"], regex=question["regex"])
    except (re.error, OverflowError, RecursionError, MemoryError) as wrong:
        yield ["invalid", str(wrong) or "it is too large"]
        return
    tree, below = UntrustedTree(Path(question["root"])), tuple(question["below"])
    left, glob = question["matches"], question["glob"]
    for entry in tree.files(below):
        relative = entry.parts[len(below) :]
        if entry.target or (glob and relative and not matches(relative, glob)):
            continue
        try:
            content = tree.read(entry.parts, question["file_bytes"])
        except Failure:
            yield ["skipped"]
            continue
        for number, line in lines_with(found, content):
            text = line[: question["line_characters"]].rstrip("\r")
            yield ["match", "/".join(entry.parts), number, text]
            left -= 1
            if left == 0:
                return
    yield ["end"]


def lines_with(found: Finder, content: bytes) -> Iterator[tuple[int, str]]:
    """Yield number and text of the lines of a text file that have the pattern."""
    if b"\0" not in content:
        for number, line in enumerate(content.decode(errors="replace").split("\n"), 1):
            if found(line):
                yield number, line


def finder(pattern: str, *, regex: bool) -> Finder:
    """Return a function that tells whether a line has the pattern.

    Raises:
        re.error: the pattern is no regular expression.
    """
    if not regex:
        return lambda line: pattern in line
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return re.compile(pattern).search


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    for answer in answers(json.load(sys.stdin)):
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
