import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from typing import Any

import pytest

from oduflow.cli.failures import Interrupted
from oduflow.cli.interruption import cancel_on_interrupt
from oduflow.domain.access import Actor, ActorKind, Permission, Scope
from oduflow.domain.errors import Busy, Conflict, UpstreamFailed
from oduflow.domain.job import progress_text
from oduflow.domain.outcome import Envelope, Outcome, Status
from oduflow.kernel.call import Call, Origin
from oduflow.kernel.locks import LockKey
from oduflow.kernel.operation import Effect, declared_in, operation
from tests.support.fakes import make_world
from tests.support.things import THINGS, Thing, ThingName

ADA = Actor("1", ActorKind.CLI, "ada")
QUEUED = "waiting for a boot slot, number 1 in the queue"


@dataclass
class Script:
    """What slow work does once it is cancelled."""

    asked: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)
    after_asked: Callable[[], object] = str
    end: Exception | None = None


@operation(
    permission=Permission.ENVIRONMENT_WRITE,
    effect=Effect.WRITE,
    scope=Scope.TEMPLATE,
    slow=True,
    rest="POST /things/{name}/carve",
)
def carve_thing(deps: Any, call: Call, args: ThingName) -> Outcome[Thing]:
    """Continue, even when cancelled, until the test releases it."""
    call.report("carve", "carving", 1, 1)
    while not deps.go_on.wait(0.01):
        if call.cancelled() and not deps.asked.is_set():
            deps.asked.set()
            deps.after_asked()
    if deps.end is not None:
        raise deps.end
    return Outcome(Thing(name=args.name, owner="1"), f"{args.name} is carved.")


def test_without_ctrl_c_the_answer_is_the_works(world):
    answer = run(world, "bake_thing", lambda _standing: None)

    assert (answer.status, answer.summary) == (Status.OK, "box is baked.")


def test_a_refusal_is_the_works_too(world):
    world.locks.acquire(LockKey.template("1", "box"), "another call")

    with pytest.raises(Busy, match="another call"):
        run(world, "bake_thing", lambda _standing: None)


def test_ctrl_c_calls_the_job_off_and_waits_for_its_end(world, capsys):
    world.slots.free.clear()

    with pytest.raises(Interrupted) as stopped:
        run(world, "bake_thing", ctrl_c_once(QUEUED))

    [job] = world.job_rows.rows.values()
    assert job.status is Status.CANCELLED
    assert str(stopped.value) == "bake_thing box: Stopped on request."
    assert capsys.readouterr().err.startswith("interrupted: stopping and undoing …")
    assert world.locks.holders == {}, "another call may take the name"
    assert world.audit.outcomes == [("bake_thing", "cancelled")]


def test_what_went_wrong_while_it_stopped_is_told_with_its_hint(world, script):
    script.after_asked = script.go_on.set
    script.end = UpstreamFailed("Docker is away.", "Start it.")

    with pytest.raises(Interrupted, match=r"carve_thing box: Docker is away\.\n  → Start it\."):
        run(world, "carve_thing", ctrl_c_once("carving"))


def test_a_job_that_was_done_already_is_told_as_done(world, script):
    script.after_asked = script.go_on.set

    with pytest.raises(Interrupted, match="it finished before it could be cancelled: box"):
        run(world, "carve_thing", ctrl_c_once("carving"))


def test_what_is_only_ever_finished_is_waited_for(world, script, capsys):
    world.runner.jobs.cancel = refusing(Conflict("It is finished once begun.", "Wait."), script)

    with pytest.raises(Interrupted, match="it finished before it could be cancelled: box"):
        run(world, "carve_thing", ctrl_c_once("carving"))

    assert capsys.readouterr().err.startswith("interrupted: It is finished once begun. (press ")


def test_a_second_ctrl_c_leaves_at_once_and_says_who_goes_on(world, script):
    script.after_asked = ctrl_c

    with pytest.raises(Interrupted, match="same call again, or a running server") as left:
        run(world, "carve_thing", ctrl_c_once("carving"))

    [job] = world.job_rows.rows.values()
    assert job.status is Status.RUNNING
    assert "`oduflow serve`" in str(left.value)


def run(world: Any, tool: str, show: Any) -> Envelope[Any]:
    def work(show: Any) -> Envelope[Any]:
        return world.runner.call(  # type: ignore[no-any-return]
            tool,
            {"name": "box"},
            ADA,
            Origin("cli"),
            wait=inf,
            on_progress=lambda job: show(progress_text(job)),
        )

    return cancel_on_interrupt(world.runner.jobs, "1", work)(show)


def refusing(failure: Conflict, script: Script) -> Callable[..., None]:
    """Refuse to cancel a job, and let it finish."""

    def cancel(*_: object) -> None:
        script.go_on.set()
        raise failure

    return cancel


def ctrl_c_once(moment: str) -> Callable[[str], None]:
    """Press Ctrl-C at the first occurrence of a step."""
    pressed = threading.Event()

    def show(told: str) -> None:
        if moment in told and not pressed.is_set():
            pressed.set()
            ctrl_c()

    return show


def ctrl_c() -> None:
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


@pytest.fixture
def script():
    """Return the script of the work, which ends with the test at the latest."""
    made = Script()
    yield made
    made.go_on.set()


@pytest.fixture
def world(script):
    return make_world(operations=[*THINGS, *declared_in(sys.modules[__name__])], deps=script)
