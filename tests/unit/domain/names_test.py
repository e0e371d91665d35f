import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oduflow.domain.errors import Invalid
from oduflow.domain.names import MAX_NAME, new_id, slug

SAFE = re.compile(r"[a-z0-9][a-z0-9-]{0,38}")
BRANCH = "feature/TICKET-1234-show-the-discount-on-every-line-of-a-sale"


@settings(deadline=None)
@given(st.text(max_size=300))
def test_every_text_makes_a_safe_name_or_is_refused(text):
    try:
        name = slug(text)
    except Invalid:
        assert not re.search(r"[A-Za-z0-9]", text), "a letter or digit is enough for a name"
    else:
        assert SAFE.fullmatch(name)


@settings(deadline=None)
@given(st.text(max_size=300).filter(lambda text: re.search(r"[a-z0-9]", text)))
def test_a_name_stays_what_it_is(text):
    assert slug(slug(text)) == slug(text)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("main", "main"),
        ("Feature/Sale_Discounts", "feature-sale-discounts"),
        ("19.0-fix", "19-0-fix"),
        ("../../etc/passwd", "etc-passwd"),
        ("-rf", "rf"),
        ("--", None),
        ("  sale  ", "sale"),
        ("sale\n[options]", "sale-options"),
        ("sale\x00", "sale"),
        ("Crème brûlée", "creme-brulee"),
        ("Bücher für Ärzte", "bucher-fur-arzte"),
        ("v19.0.x", "v19-0-x"),
        ("ﬁx", "fix"),
        ("日本語", None),
        ("🚀", None),
        ("   ", None),
        ("日本語-2", "2"),
        ("...", None),
        ("/", None),
        ("", None),
        ("a" * 39, "a" * 39),
    ],
)
def test_what_a_person_types_becomes_a_name(typed, name):
    if name is None:
        with pytest.raises(Invalid, match="makes no name"):
            slug(typed)
    else:
        assert slug(typed) == name


def test_a_long_branch_keeps_its_beginning_and_ends_in_a_digest():
    assert len(BRANCH) > 60
    assert slug(BRANCH) == "feature-ticket-1234-show-the-d-5e7dbe2f"


@pytest.mark.parametrize("length", [40, 60, 200])
def test_long_texts_that_differ_at_their_end_are_two_names(length):
    first, second = ("x" * (length - 1) + end for end in "ab")

    assert slug(first) != slug(second)
    assert len(slug(first)) == MAX_NAME


@pytest.mark.parametrize(
    ("one", "other"),
    [("sale/fix", "Sale--Fix"), ("Ärger", "arger"), (BRANCH, BRANCH.upper().replace("-", "_"))],
)
def test_two_texts_with_one_slug_are_one_name(one, other):
    assert slug(one) == slug(other)


def test_a_cut_leaves_no_double_dash():
    assert "--" not in slug("x" * 30 + "-" + "y" * 30)


def test_a_refusal_shows_only_the_beginning_of_a_long_text():
    with pytest.raises(Invalid) as refused:
        slug("…" * 200)

    assert refused.value.message == "“" + "…" * MAX_NAME + "…” makes no name."


def test_ids_are_opaque_safe_and_do_not_repeat():
    ids = {new_id() for _ in range(2000)}

    assert len(ids) == 2000
    assert all(re.fullmatch(r"[a-z2-7]{12}", made) for made in ids)
