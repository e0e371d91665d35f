import pytest
from pydantic import ValidationError

from oduflow.domain.environment import CreateEnvironment
from oduflow.domain.errors import Invalid
from oduflow.domain.extra_repo import (
    ExtraRepoView,
    Pin,
    asked_for,
    named_once,
    pins_text,
    read_pins,
    reference,
    split_reference,
)
from tests.support.store_rows import extra_repo

COMMIT = "c" * 40
PIN = Pin("a" * 12, "enterprise", "https://example.com/enterprise.git", "19.0", COMMIT)


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("enterprise", "enterprise"),
        ("Enterprise@19.0", "enterprise@19.0"),
        ("OCA web@feature/x", "oca-web@feature/x"),
        ("web@user@fix", "web@user@fix"),  # a branch may hold an @, a name never does
        ("web@ 19.0 ", "web@19.0"),
    ],
)
def test_a_reference_is_spelled_in_one_way(text, spelled):
    assert reference(text) == spelled


@pytest.mark.parametrize("text", ["enterprise@", "enterprise@ ", "@19.0", "///", "../x@"])
def test_a_reference_without_a_name_or_a_branch_is_refused(text):
    with pytest.raises(Invalid):
        reference(text)


def test_a_reference_is_a_name_and_perhaps_a_branch():
    assert split_reference("enterprise") == ("enterprise", None)
    assert split_reference("web@user@fix") == ("web", "user@fix")


def test_one_extra_repo_cannot_be_asked_for_at_two_branches():
    assert named_once(("a", "b@1")) == ("a", "b@1")
    with pytest.raises(Invalid, match="names web more than once"):
        CreateEnvironment(
            name="a", repo_url="https://example.com/a", extra_repos=("web@18.0", "Web@19.0")
        )


def test_an_environment_has_at_most_twenty():
    with pytest.raises(ValidationError):
        CreateEnvironment(
            name="a",
            repo_url="https://example.com/a",
            extra_repos=tuple(f"r{n}" for n in range(21)),
        )


def test_the_name_alone_asks_for_the_branch_that_is_pinned():
    assert asked_for([PIN], ["enterprise"]) == [PIN.reference] == ["enterprise@19.0"]
    assert asked_for([PIN], ["enterprise@18.0", "web"]) == ["enterprise@18.0", "web"]


def test_pins_come_back_as_they_were_written():
    assert read_pins(pins_text([PIN])) == (PIN,)
    assert read_pins("[]") == ()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("commit", "../../secrets"),
        ("commit", "git"),
        ("commit", f"{COMMIT}/.."),
        ("repo", ".."),
        ("repo", "../../team_2/extra/aaaaaaaaaaaa"),
    ],
)
def test_a_pin_never_names_another_folder_than_a_checkout(field, value):
    forged = pins_text([PIN]).replace(getattr(PIN, field), value)
    with pytest.raises(ValueError, match="repo"):
        read_pins(forged)


@pytest.mark.parametrize("text", ["", "{}x", "[1]", '[{"repo": "a"}]', '[{"colour": "red"}]'])
def test_what_is_no_text_of_pins_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011 - JSON's own errors are ValueErrors too
        read_pins(text)


def test_a_view_names_the_commit_of_its_own_branch_and_every_other():
    shown = ExtraRepoView.of(extra_repo(branches={"19.0": COMMIT, "18.0": "d" * 40}), ("sale",))
    assert shown.commit == COMMIT
    assert [(each.branch, each.commit[:1]) for each in shown.branches] == [
        ("18.0", "d"),
        ("19.0", "c"),
    ]
    assert shown.environments == ("sale",)
