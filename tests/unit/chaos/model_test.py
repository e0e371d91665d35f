import pytest

from tests.chaos.answers import ABSENT, FAILED, RUNNING, STOPPED, Ended
from tests.chaos.model import ExpectedThing

OK, CANCELLED, CUT_OFF = Ended("ok"), Ended("cancelled", "cancelled"), Ended("interrupted")
UPSTREAM, BUSY = Ended("failed", "upstream"), Ended("failed", "busy")


@pytest.mark.parametrize(
    ("before", "operation", "end", "after"),
    [
        (ABSENT, "create", OK, {RUNNING}),
        (ABSENT, "create", CANCELLED, {ABSENT}),
        (ABSENT, "create", UPSTREAM, {ABSENT, FAILED}),
        (ABSENT, "create", CUT_OFF, {ABSENT, RUNNING, FAILED}),
        (FAILED, "create", OK, {RUNNING}),
        (STOPPED, "create", OK, {STOPPED}),
        (STOPPED, "create", UPSTREAM, {STOPPED}),
        (RUNNING, "delete", OK, {ABSENT}),
        (RUNNING, "delete", CUT_OFF, {ABSENT, RUNNING}),
        (RUNNING, "delete", BUSY, {RUNNING}),
        (STOPPED, "start", CANCELLED, {STOPPED}),
        (STOPPED, "start", CUT_OFF, {RUNNING, STOPPED, FAILED}),
        (RUNNING, "rebuild", UPSTREAM, {RUNNING, FAILED}),
        (STOPPED, "rollback", OK, {STOPPED}),
        (FAILED, "rollback", OK, {RUNNING}),
        (RUNNING, "rollback", CANCELLED, {RUNNING}),
        (RUNNING, "rollback", UPSTREAM, {RUNNING, FAILED}),
        (RUNNING, "create_snapshot", CUT_OFF, {RUNNING}),
    ],
)
def test_an_answer_leaves_what_it_says_and_a_kill_leaves_either(before, operation, end, after):
    thing = ExpectedThing("environment", "blue", "one", possible={before})

    assert thing.ended(operation, end) == ""
    assert thing.possible == after


def test_what_must_be_there_and_is_not_found_is_wrong():
    thing = ExpectedThing("environment", "blue", "one", possible={RUNNING})

    wrong = thing.ended("restart", Ended("failed", "not_found"))

    assert wrong == "restart of environment blue/one: not found, but it must be there"
