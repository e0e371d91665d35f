import pytest
from hypothesis import given
from hypothesis import strategies as st

from oduflow.adapters.git.branches import check_branch, first_names, similar
from oduflow.domain.errors import Invalid


@pytest.mark.parametrize("name", ["19.0", "main", "feature/café-1", "a@b", "HEAD", "x" * 240])
def test_the_name_of_a_branch_is_taken_as_it_is(name):
    assert check_branch(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "-x",
        "--upload-pack=x",
        "@",
        "a..b",
        "a b",
        "a\nb",
        "a\x7f",
        "a~1",
        "a^",
        "a::b",
        "a?",
        "a*",
        "a[",
        "a\\b",
        "a@{1}",
        "a//b",
        "/a",
        "a/",
        "a.",
        ".a",
        "a/.b",
        "a.lock",
        "a.lock/b",
        "\u202e",
        "x" * 241,
    ],
)
def test_what_git_would_not_take_as_a_branch_is_refused(name):
    with pytest.raises(Invalid) as refused:
        check_branch(name)

    assert refused.value.hint == "Give the name alone, such as 19.0."


@pytest.mark.parametrize("spec", ["main:main", "+main", "+main:refs/heads/x", "main:"])
def test_a_refspec_is_named_as_one_with_its_branch(spec):
    with pytest.raises(Invalid, match="is a refspec") as refused:
        check_branch(spec)

    assert refused.value.hint == "Give the branch alone: main"


@given(st.text(max_size=20))
def test_no_accepted_name_is_an_option_or_ends_a_refspec(name):
    try:
        check_branch(name)
    except Invalid:
        return
    assert name[0] != "-"
    assert not set(":*?[\\ \n") & set(name)


def test_a_wrong_name_is_answered_with_the_likeliest_ones_first():
    assert similar("19-0", ["main", "18.0", "19.0"])[0] == "19.0"


def test_names_that_are_not_similar_are_not_suggested():
    assert similar("zzz", [f"branch-{n}" for n in range(9)]) == []


def test_the_first_names_are_listed_with_the_number_of_the_others():
    assert first_names(f"branch-{n}" for n in range(9)) == (
        "branch-0, branch-1, branch-2, branch-3, branch-4 and 4 more"
    )
    assert first_names(["b", "a"]) == "a, b"
