"""Quickstart creates the first environment, or starts the existing one."""

from types import SimpleNamespace
from typing import Any

import pytest

from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.environment import EnvironmentState
from oduflow.domain.errors import Busy, Failure, Kind
from oduflow.domain.outcome import Envelope, ErrorView, Status
from oduflow.services.server import first_environment as first

ACTOR = Actor("1", ActorKind.CLI, "ann")


class PreparedRunner:
    """Returns the prepared answers of each tool in order, and repeats the last."""

    def __init__(self, **answers: list[Any]) -> None:
        self.answers = answers
        self.called: list[str] = []

    def call(self, tool: str, *_words: Any, **_more: Any) -> Any:
        self.called.append(tool)
        waiting = self.answers.get(tool, [made(EnvironmentState.RUNNING)])
        answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if isinstance(answer, Failure):
            raise answer
        return answer


def test_a_running_first_environment_is_returned():
    runner, answer = PreparedRunner(), made(EnvironmentState.RUNNING)
    runner.answers["create_environment"] = [answer]

    assert begin(runner) is answer
    assert runner.called == ["create_template", "create_environment"]


def test_a_stopped_first_environment_is_started():
    back = made(EnvironmentState.RUNNING)
    runner = PreparedRunner(
        create_environment=[made(EnvironmentState.STOPPED)], start_environment=[back]
    )

    assert begin(runner) is back


def test_a_busy_first_environment_is_waited_for():
    runner = PreparedRunner(
        create_environment=[Busy("It is brought back."), made(EnvironmentState.RUNNING)]
    )

    begin(runner)

    assert runner.called == ["create_template", "create_environment", "create_environment"]


def test_a_busy_first_environment_is_waited_for_until_the_deadline(monkeypatch):
    monkeypatch.setattr(first, "BUSY_SECONDS", 0)

    with pytest.raises(Busy):
        begin(PreparedRunner(create_environment=[Busy("It is brought back.")]))


def test_a_conflict_over_the_first_environment_is_reported_and_ends_nothing():
    conflict = failed(Kind.CONFLICT)

    assert begin(PreparedRunner(create_environment=[conflict])) is conflict


@pytest.mark.parametrize("tool", ["create_template", "create_environment", "start_environment"])
def test_what_cannot_be_made_is_a_failure(tool):
    runner = PreparedRunner(create_environment=[made(EnvironmentState.STOPPED)])
    runner.answers[tool] = [failed(Kind.UPSTREAM)]

    with pytest.raises(Failure, match="No engine"):
        begin(runner)


def begin(runner: Any) -> Any:
    return first.first_environment(runner, ACTOR, "http://127.0.0.1/a.git", lambda _job: None)


def made(state: EnvironmentState) -> Any:
    return SimpleNamespace(error=None, data=SimpleNamespace(state=state))


def failed(kind: Kind) -> Envelope[Any]:
    error = ErrorView(kind=kind, message="No engine.")
    return Envelope[Any](status=Status.FAILED, summary="No.", error=error)


@pytest.fixture(autouse=True)
def _hurried(monkeypatch):
    monkeypatch.setattr(first, "PAUSE_SECONDS", 0)
