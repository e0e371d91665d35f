import tomli
from hypothesis import given
from hypothesis import strategies as st

from oduflow.settings.notation import key_text, shown_value, value_text

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    TEXTS | st.booleans() | st.integers(-(2**1000), 2**1000) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
    max_leaves=8,
)


@given(st.lists(TEXTS, min_size=1, max_size=3), VALUES)
def test_what_is_written_reads_back_the_same(path, value):
    document = tomli.loads(f"{key_text(path)} = {value_text(value)}")
    for part in path:
        document = document[part]
    assert document == value


@given(VALUES | st.floats())
def test_a_shown_value_is_short_and_printable(value):
    shown = shown_value(value)
    assert len(shown) <= 80
    assert shown.isprintable()


def test_numbers_too_long_for_decimal_digits_are_shown_all_the_same():
    assert shown_value(1 << 100_000).startswith("0x1000")


def test_a_password_before_an_at_sign_is_never_shown():
    assert shown_value("https://me:p/w@rd@git.lan/x") == '"https://****@git.lan/x"'
    assert shown_value("me:hunter2@git.lan") == '"****@git.lan"'


def test_lists_and_tables_are_shown_without_what_they_hold():
    assert shown_value(["hunter2"]) == "[…]"
    assert shown_value({"auth_token": "hunter2"}) == "{…}"
