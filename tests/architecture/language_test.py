"""The product's texts use plain technical English."""

import re
from collections.abc import Iterator

from tests.support.tree import PRODUCT, name_of

WORDS = ("breeds", "comes in", "mend", "nobody", "somebody", "stands", "whatever", "whoever")
MOST = 0  # lines; keep it there
FORBIDDEN = re.compile(rf"\b({'|'.join(WORDS)})\b", re.IGNORECASE)
KINDS = {".css", ".html", ".js", ".py"}
EXCLUDED = {"migrations", "vendor"}


def test_few_lines_use_words_that_hide_the_subject():
    found = list(offenders())

    assert len(found) <= MOST, "\n".join([f"{len(found)} lines, at most {MOST}:", *found])


def test_a_forbidden_word_is_found_in_any_case_but_not_within_another_word():
    lines = ["Whoever calls", "it comes in late", "standstill", "amend it", "nobody's"]

    assert [line for line in lines if FORBIDDEN.search(line)] == [lines[0], lines[1], lines[4]]


def offenders() -> Iterator[str]:
    """Yield `file:line: text` for each line that contains a forbidden word."""
    for path in sorted(PRODUCT.rglob("*")):
        if path.suffix in KINDS and not EXCLUDED & set(path.parts):
            for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
                if FORBIDDEN.search(line):
                    yield f"{name_of(path)}:{number}: {line.strip()}"
