"""The project's texts and names use plain technical English."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.support.tree import name_of, project_files

WORDS = (
    *("anybody", "breeds", "comes in", "house", "mend", "nobody", "somebody", "staircase"),
    *("stands", "whatever", "whoever"),
)
MOST = 0  # lines; keep it there
# In names, an underscore separates words.
FORBIDDEN = re.compile(
    rf"(?<![a-z])({'|'.join(WORDS).replace(' ', '[ _]')})(?![a-z])", re.IGNORECASE
)
KINDS = {".css", ".html", ".js", ".md", ".py", ".sh", ".toml"}
EXCLUDED = {"migrations", "vendor"}


def test_no_line_uses_a_word_that_hides_the_subject():
    found = list(offenders())

    assert len(found) <= MOST, "\n".join([f"{len(found)} lines, at most {MOST}:", *found])


def test_a_forbidden_word_is_found_in_any_case_but_not_within_another_word():
    lines = [
        "Whoever calls",
        "it comes in late",
        "standstill",
        "amend it",
        "nobody's",
        "test_it_comes_in",
    ]

    assert [line for line in lines if FORBIDDEN.search(line)] == [*lines[:2], *lines[4:]]


def offenders() -> Iterator[str]:
    """Yield `file:line: text` for each line that contains a forbidden word."""
    for path in project_files():
        if path.suffix in KINDS and not EXCLUDED & set(path.parts) and path != Path(__file__):
            for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
                if FORBIDDEN.search(line):
                    yield f"{name_of(path)}:{number}: {line.strip()}"
