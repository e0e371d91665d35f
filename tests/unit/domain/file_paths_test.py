import time

import pytest

from oduflow.domain.errors import Invalid
from oduflow.domain.file_paths import matches, parts_of


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("a/b.py", ("a", "b.py")),
        ("./a//b/", ("a", "b")),
        ("", ()),
        (".", ()),
        ("a/.gitignore", ("a", ".gitignore")),
        ("a b/ü.po", ("a b", "ü.po")),
        ("...", ("...",)),
    ],
)
def test_a_path_has_its_parts(path, parts):
    assert parts_of(path) == parts


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "..",
        "a/../../b",
        "a\0b",
        "a\nb",
        "a/\u202eb",
        "a\ud800",
        ".git",
        ".git/config",
        "a/.GIT/hooks/x",
        ".git.",
        ".git ",
        ".git::$INDEX_ALLOCATION/config",
        "GIT~1/config",
        ".g\u200cit/config",
        "x" * 256,
        "é" * 128,
        "/".join("a" * 41),
        "a/" * 600,
    ],
)
def test_a_path_that_is_none_of_a_file_in_a_repository_is_refused(path):
    with pytest.raises(Invalid) as refused:
        parts_of(path)
    assert refused.value.hint


@pytest.mark.parametrize(
    ("path", "pattern", "expected"),
    [
        ("sale/models/order.py", "*.py", True),
        ("sale/models/order.py", "order.*", True),
        ("sale/models/order.py", "models/*.py", False),
        ("sale/models/order.py", "**/models/*.py", True),
        ("sale/models/order.py", "sale/**", True),
        ("sale/models/order.py", "sale/**/*.py", True),
        ("sale/order.py", "sale/**/*.py", True),
        ("sale/models/order.py", "sale/*.py", False),
        ("sale/models/order.py", "**", True),
        ("sale/models/order.py", "./sale/*/order.??", True),
        ("sale/models/order.py", "**/stock/**", False),
        ("order.py", "?rder.py", True),
        ("order.py", "*", True),
        ("order.py", "", False),
        ("order.py", "order", False),
        ("a[1].py", "a[1].py", True),
    ],
)
def test_a_pattern_selects_paths(path, pattern, expected):
    assert matches(path.split("/"), pattern) is expected


def test_a_hostile_pattern_takes_no_time():
    started = time.monotonic()

    assert not matches(["a" * 255] * 30, "**/" * 30 + "*a" * 80 + "b")
    assert not matches(["a" * 255], "*a" * 100 + "b")

    assert time.monotonic() - started < 2
