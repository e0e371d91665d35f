from typing import Any

import pytest
import tomli
from hypothesis import given
from hypothesis import strategies as st

from oduflow.settings.lines import KeyPath, find_lines

TRICKY = '''\
top = 1 # [no.table]
[a . "b.c".'d"e'] # a comment with "quotes
x."y z" = """
[not.a.table]
z = 1 \\""" still in the string
""""
'k' = \'\'\'
w = 2
\'\'\'
list = [ # opens
  "one", # a ] in a comment
  [2,
   3],
  { in = 1, "out" = [
    4 ] },
]
when = 1979-05-27 07:32:00
[z]
inline = { p.q = 1,
  r = "}", # TOML 1.1 allows this
}
'''

BARE = st.text("abcdefgh-_0123456789", min_size=1, max_size=4)
QUOTED = st.sampled_from(['"a b"', "'x.y'", '"\\u0041#"', '"]"', "'='", '"\\""'])
STRINGS = st.sampled_from(
    [
        '"plain"',
        '"# [t]\\" k = 1"',
        "'lit \\'",
        '"""\nk = 1\n[t]\n"""',
        '"""quote at the end"""""',
        "'''\n[t]\nit''s'''",
        '""',
        '""""""',
    ]
)
SCALARS = st.one_of(
    STRINGS, st.integers().map(str), st.sampled_from(["true", "1.5", "1979-05-27 07:32:00Z"])
)
GAP = st.sampled_from(["", " ", "\n", "\n# k = 1, ]}\n", "\r\n  "])


def arrays(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    element = st.tuples(GAP, values, GAP).map("".join)
    return st.tuples(st.lists(element, max_size=3).map(",".join), st.sampled_from(["", ","])).map(
        lambda parts: f"[{parts[0]}{parts[1] if parts[0] else ''}]"
    )


def inline_tables(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.dictionaries(BARE, values, max_size=3).map(
        lambda pairs: "{" + ",\n ".join(f"{key} = {value}" for key, value in pairs.items()) + "}"
    )


VALUES = st.recursive(SCALARS, lambda inner: arrays(inner) | inline_tables(inner), max_leaves=6)
TABLES = st.dictionaries(
    st.lists(BARE | QUOTED, min_size=1, max_size=2).map(tuple),
    st.dictionaries(BARE | QUOTED, VALUES, max_size=4),
    max_size=3,
)


def paths_of(value: Any, path: KeyPath = ()) -> set[KeyPath]:
    """Every path of a parsed document, as the parser sees it."""
    children: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        children = list(value.items())
    elif isinstance(value, list):
        children = list(enumerate(value))
    below = [paths_of(child, (*path, name)) for name, child in children]
    return {(*path, name) for name, _ in children}.union(*below)


def test_every_key_is_found_on_its_line():
    odd: KeyPath = ("a", "b.c", 'd"e')
    lines = find_lines(TRICKY)
    assert lines[("top",)] == 1
    assert lines[odd] == 2
    assert lines[(*odd, "x", "y z")] == 3
    assert lines[(*odd, "k")] == 7
    assert [lines[(*odd, "list", index)] for index in range(3)] == [11, 12, 14]
    assert lines[(*odd, "list", 1, 1)] == 13
    assert lines[(*odd, "list", 2, "out", 0)] == 15
    assert lines[(*odd, "when")] == 17
    assert lines[("z", "inline", "p", "q")] == 19
    assert lines[("z", "inline", "r")] == 20


def test_a_table_implied_by_its_child_is_found_where_it_is_opened():
    assert find_lines("[a.b]\n\n[a]\nx = 1\n")[("a",)] == 3


def test_windows_line_ends_count_once():
    assert find_lines("[a]\r\nx = 1\r\ny = 2\r\n")[("a", "y")] == 3


@pytest.mark.parametrize("text", ["[a]\nx = 1\n= 2\ny = 3\n", '[a]\nx = 1\ny = """', "[a]\nx=1\n]"])
def test_lines_before_broken_text_are_kept(text: str):
    assert find_lines(text)[("a", "x")] == 2


def test_endless_nesting_ends():
    assert find_lines("x = " + "[" * 100_000)[("x",)] == 1


@given(TABLES)
def test_the_scanner_sees_exactly_the_keys_that_the_parser_sees(tables):
    text = ""
    for header, pairs in tables.items():
        candidate = f"{text}[{'.'.join(header)}]\n"
        candidate += "".join(f"{key} = {value}\n" for key, value in pairs.items())
        try:
            tomli.loads(candidate)
        except tomli.TOMLDecodeError:
            continue  # two spellings of one key
        text = candidate
    assert set(find_lines(text)) == paths_of(tomli.loads(text))


@given(st.lists(VALUES, max_size=5), VALUES)
def test_values_of_any_shape_never_shift_the_line_of_the_next_key(before, value):
    text = "".join(f"k{index} = {filler}\n" for index, filler in enumerate(before))
    line = text.count("\n") + 1
    assert find_lines(f"{text}target = {value}\n")[("target",)] == line
