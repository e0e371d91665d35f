"""A job's steps as numbers that always rise."""

from dataclasses import replace
from typing import Any, cast

from oduflow.blueprints.mcp.calls import ProgressReporter
from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.clock import now
from oduflow.domain.job import Job, Progress
from oduflow.domain.outcome import Status

JOB = Job(
    "abcdefghijkl",
    "bake_thing",
    "a",
    Actor("1", ActorKind.TOKEN, "auth_token"),
    "mcp",
    Status.RUNNING,
    now(),
    now(),
)


class FakeSession:
    def __init__(self) -> None:
        self.told: list[tuple[float, float | None, str | None]] = []

    async def report_progress(
        self, progress: float, total: float | None = None, message: str | None = None
    ) -> None:
        self.told.append((progress, total, message))


def _tell(*jobs: Job) -> list[tuple[float, float | None, str | None]]:
    session = FakeSession()
    teller = ProgressReporter(cast("Any", session))
    for job in jobs:
        # Nothing in it waits, so no event loop (and no socket of one) is needed.
        try:
            teller.report(job).send(None)
        except StopIteration:
            continue
        raise AssertionError("it waited")
    return session.told


def _at(step: int, message: str) -> Job:
    return replace(JOB, progress=Progress("step", message, step, 4))


def test_each_step_is_told_once_with_its_total() -> None:
    assert _tell(_at(1, "database"), _at(1, "database"), _at(2, "filestore")) == [
        (1.0, 4.0, "step 1 of 4: database"),
        (2.0, 4.0, "step 2 of 4: filestore"),
    ]


def test_progress_rises_also_within_a_step_and_when_a_step_is_repeated() -> None:
    told = _tell(_at(2, "a"), _at(2, "b"), _at(2, "c"), _at(1, "again"), _at(3, "d"))

    values = [value for value, _, _ in told]
    assert values == sorted(set(values))
    assert values[0] == 2
    assert values[-1] == 3


def test_a_job_without_steps_tells_its_place_in_the_queue() -> None:
    queued = replace(JOB, status=Status.QUEUED, position=3)

    [(value, total, message)] = _tell(queued)

    assert value > 0
    assert total is None
    assert message == "waiting for a boot slot, number 3 in the queue"
