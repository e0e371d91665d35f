from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from oduflow.domain.errors import Cancelled, OdooFailed, QuotaReached
from oduflow.services.failpoints import Failpoints
from oduflow.services.saga import KeptForInspection, Saga, Step, nothing

NAMES = ("one", "two", "three")


@dataclass
class RecordedSteps:
    """Steps that record their calls, and fail at a given one."""

    fails: dict[str, BaseException] = field(default_factory=dict)
    diary: list[str] = field(default_factory=list)

    def act(self, deed: str) -> None:
        self.diary.append(deed)
        if deed in self.fails:
            raise self.fails[deed]

    def step(self, name: str, **more: Any) -> Step:
        return Step(
            name,
            f"doing {name}",
            lambda: self.act(f"do {name}"),
            lambda: self.act(f"undo {name}"),
            **more,
        )

    def saga(self, *steps: Step) -> Saga:
        return Saga(
            "create",
            steps or [self.step(name) for name in NAMES],
            lambda step, number, total: self.act(f"{number}/{total} {step.name}"),
            Failpoints(Path("/nowhere"), enabled=False),
        )


def test_steps_run_in_order_and_each_is_told_before_it_begins(world):
    world.saga().run()

    assert world.diary == ["1/3 one", "do one", "2/3 two", "do two", "3/3 three", "do three"]


def test_what_was_made_is_undone_in_reverse_with_the_step_that_failed(world):
    world.fails["do two"] = OdooFailed("Docker is away.")

    with pytest.raises(OdooFailed, match="Docker is away"):
        world.saga().run()

    assert world.diary[-3:] == ["do two", "undo two", "undo one"]


def test_a_step_that_never_began_is_not_undone(world):
    world.fails["do one"] = OdooFailed("Docker is away.")

    with pytest.raises(OdooFailed):
        world.saga().run()

    assert world.diary == ["1/3 one", "do one", "undo one"]


def test_a_failure_between_two_steps_undoes_too(world):
    world.fails["2/3 two"] = Cancelled("Stopped on request.")

    with pytest.raises(Cancelled):
        world.saga().run()

    assert world.diary == ["1/3 one", "do one", "2/3 two", "undo two", "undo one"]


@pytest.mark.parametrize("error", [RuntimeError("defect"), KeyboardInterrupt(), SystemExit()])
def test_every_exception_undoes_the_saga(world, error):
    world.fails["do two"] = error

    with pytest.raises(type(error)):
        world.saga().run()

    assert world.diary[-2:] == ["undo two", "undo one"]


def test_undoing_stops_at_the_first_undo_that_fails_so_that_the_row_stays(world, caplog):
    world.fails["do three"] = OdooFailed("PostgreSQL is away.")
    world.fails["undo two"] = OdooFailed("PostgreSQL is still away.")

    with pytest.raises(OdooFailed, match=r"PostgreSQL is away\."):
        world.saga().run()

    assert world.diary[-2:] == ["undo three", "undo two"]
    assert "undoing step two failed" in caplog.text


def test_a_step_that_keeps_its_leftovers_undoes_nothing(world):
    failure = OdooFailed("Odoo ended.", "See its log.", output="last line")
    world.fails["do two"] = failure

    with pytest.raises(KeptForInspection) as kept:
        world.saga(world.step("one"), world.step("two", keeps=True)).run()

    assert kept.value.failure is failure
    assert world.diary[-1] == "do two"


@pytest.mark.parametrize(
    "failure", [Cancelled("Stopped on request."), QuotaReached("The disk is full.")]
)
def test_what_keeps_its_leftovers_is_undone_when_they_would_explain_nothing(world, failure):
    world.fails["do two"] = failure

    with pytest.raises(type(failure)):
        world.saga(world.step("one"), world.step("two", keeps=True)).run()

    assert world.diary[-2:] == ["undo two", "undo one"]


def test_what_keeps_its_leftovers_is_undone_after_a_defect(world):
    world.fails["do two"] = RuntimeError("defect")

    with pytest.raises(RuntimeError):
        world.saga(world.step("one"), world.step("two", keeps=True)).run()

    assert world.diary[-2:] == ["undo two", "undo one"]


def test_a_kept_steps_success_keeps_nothing_of_a_later_failure(world):
    world.fails["do two"] = OdooFailed("Docker is away.")

    with pytest.raises(OdooFailed):
        world.saga(world.step("one", keeps=True), world.step("two")).run()

    assert world.diary[-2:] == ["undo two", "undo one"]


def test_a_step_may_leave_nothing_behind(world):
    plain = Step("look", "looking", lambda: world.act("do look"))
    world.fails["do look"] = OdooFailed("Nothing to see.")

    with pytest.raises(OdooFailed):
        world.saga(plain).run()

    assert plain.undo is nothing


def test_each_step_can_be_held_before_and_after(world):
    points: list[str] = []

    class RecordedFailpoints(Failpoints):
        def reach(self, point: str) -> None:
            points.append(point)

    steps = [world.step("one"), world.step("two")]
    watched = RecordedFailpoints(Path("/nowhere"), enabled=True)
    Saga("create", steps, lambda *_: None, watched).run()

    assert points == [
        "create.one.before",
        "create.one.after",
        "create.two.before",
        "create.two.after",
    ]


@pytest.fixture
def world():
    return RecordedSteps()
