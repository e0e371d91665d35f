import pytest
from hypothesis import given
from hypothesis import strategies as st

from oduflow.domain.masking import mask, redact, redact_typed

TAIL = "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"


@pytest.mark.parametrize(
    ("token", "shown"),
    [
        (f"ghp_{TAIL}", "ghp_****"),
        (f"gho_{TAIL}", "gho_****"),
        (f"ghu_{TAIL}", "ghu_****"),
        (f"ghs_{TAIL}", "ghs_****"),
        (f"github_pat_11ABC_{TAIL}", "github_pat_****"),
        (f"glpat-{TAIL}", "glpat-****"),
        (f"gldt-{TAIL}", "gldt-****"),
        (f"ATBB{TAIL}", "ATBB****"),
        (f"ATATT3xFfGF0{TAIL}", "ATATT3****"),
        (f"ATCTT3xFfGN0{TAIL}", "ATCTT3****"),
        ("hunter2", "****"),
        ("", "****"),
    ],
)
def test_a_token_is_shown_by_its_known_prefix_and_nothing_else(token, shown):
    assert mask(token) == shown


@given(st.text(alphabet="ABCDEFGHIJKLMNOP0123456789", min_size=3))
def test_no_part_of_the_tail_is_ever_shown(tail: str):
    assert tail not in mask(f"ghp_{tail}")
    assert tail not in mask(tail)


@pytest.mark.parametrize(
    "text",
    [
        f"https://me:{TAIL}@github.com/a/b.git",
        f"https://me:{TAIL}/x@github.com/a/b.git",
        f"there is ghp_{TAIL}.",
        f"name=github_pat_{TAIL}",
        f"ATBB{TAIL}",
    ],
)
def test_what_looks_like_a_secret_is_hidden_wherever_it_was_typed(text):
    assert TAIL not in redact(text)
    assert "****" in redact(text)


@pytest.mark.parametrize("text", ["https://github.com/a/b.git", "ghp_short", "me@example.com", ""])
def test_what_is_no_secret_stays(text):
    assert redact(text) == text


@pytest.mark.parametrize(
    "text",
    [
        f"https://me:{TAIL}@github.com/a/b.git",
        f"https://me:{TAIL}/x@github.com/a/b.git",
        f"https://me%3A{TAIL}@github.com/a/b.git",
        f"https://{TAIL}@github.com/a/b.git",
        f"https://ghp_{TAIL}@github.com/a/b.git",
        f"https://me@github.com/a/b.git?x=ghp_{TAIL}",
        f"https://me@{TAIL}{TAIL}@github.com/a/b.git",  # a password that has an @
    ],
)
def test_what_a_person_typed_comes_back_without_a_secret(text):
    assert TAIL not in redact_typed(text)
    assert "****" in redact_typed(text)


@pytest.mark.parametrize(
    "text",
    [
        "https://acme@dev.azure.com/acme/x",
        f"https://{'me-' * 21}x@github.com/a/b.git",
        "https://me@github.com/a?from=https://host/x",
        "https://host/a@b/c.git",
        f"https://host/{'deep/' * 20}a@b/c.git",
        "git@host:a/b.git",
        "",
    ],
)
def test_what_a_person_typed_comes_back_with_the_user_name(text):
    assert redact_typed(text) == text


@pytest.mark.timeout(30)  # minutes to hours where a pattern takes the square of a text's length
@pytest.mark.parametrize("worst", ["://" * 400_000, "a" * 1_200_000, "x://y " * 200_000])
def test_megabytes_of_the_worst_text_are_read(worst):
    assert redact(worst) == worst


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a://b@c://d@e f", "a://****@e f"),
        ("x@y://z", "x@y://z"),
        ("://@", "://****@"),
        ("one://a@b\ttwo://c@d", "one://****@b\ttwo://****@d"),
    ],
)
def test_each_word_is_masked_up_to_its_last_at_sign(text, shown):
    assert redact(text) == shown
