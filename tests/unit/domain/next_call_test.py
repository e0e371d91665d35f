import pytest

from oduflow.domain.next_call import Next, hint_with_calls, without_texts

SHOW = Next.of("get_environment", "shows it", name="demo")


def test_agents_get_the_call_with_its_arguments():
    step = Next.of("create_environment", extra_repos=("oca", "web"), protected=False)

    assert SHOW.as_call() == "get_environment name=demo"
    assert step.as_call() == "create_environment extra_repos=oca extra_repos=web protected=false"
    assert Next.of("read_output", grep="two words").as_call() == "read_output grep='two words'"


@pytest.mark.parametrize(
    ("step", "command"),
    [
        (SHOW, "oduflow call get_environment demo"),
        (Next.of("wait_for_job", job="j"), "oduflow call wait_for_job j"),
        (
            Next.of("protect_environment", name="demo", protected=False),
            "oduflow call protect_environment demo protected=false",
        ),
        (Next.of("setup_repo_auth"), "oduflow call setup_repo_auth -"),
        (
            Next.of("create_environment", template="base-19"),
            "oduflow call create_environment NAME REPO_URL template=base-19",
        ),
        (Next.of("add_extra_repo", name="web"), "oduflow call add_extra_repo web REPO_URL"),
    ],
)
def test_people_get_a_command_to_copy(step: Next, command: str):
    assert step.as_command() == command
    assert step.as_command(" --team red") == f"{command} --team red"


def test_a_hint_ends_with_its_calls_as_sentences():
    assert hint_with_calls("Wait.", (SHOW,)) == "Wait. get_environment name=demo shows it."
    assert hint_with_calls("", ()) == ""


def test_texts_of_older_answers_are_left_out():
    assert without_texts(["get_job job=x", SHOW]) == [SHOW]
    assert without_texts(None) is None
