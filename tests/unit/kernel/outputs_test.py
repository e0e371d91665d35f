"""Long texts of quick and slow calls, kept and read through the runner."""

from typing import Any

import pytest

from oduflow.domain.access import Actor, ActorKind, Permission, Scope, Tier
from oduflow.domain.environment import Environment
from oduflow.domain.errors import NotFound
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import Outcome
from oduflow.kernel.call import Call, Origin
from oduflow.kernel.operation import Effect, operation
from oduflow.operations.outputs.read import read_output
from tests.support.fakes import FakeEnvironments, FakeOutputs, World, make_world
from tests.support.parts import deps_of
from tests.support.things import Thing, ThingName

ADA = Actor("1", ActorKind.OAUTH, "ada")
EVE = Actor("2", ActorKind.OAUTH, "eve")
REST = Origin("rest")
LOG = "one\ntwo\nthree"


@operation(
    permission=Permission.ENVIRONMENT_READ,
    effect=Effect.READ,
    scope=Scope.ENVIRONMENT,
    rest="GET /environments/{name}/thing",
)
def log_thing(deps: Any, call: Call, args: ThingName, environment: Environment) -> Outcome[Thing]:
    """Show the end of a long text."""
    return Outcome(
        Thing(name=args.name, owner="three"),
        "1 line.",
        warnings=("Only the end fits.",),
        next=(Next.of("get_thing"),),
        output="" if args.name == "quiet" else LOG,
        truncated=args.name != "quiet",
        snapshot="before",
    )


@operation(
    permission=Permission.ENVIRONMENT_WRITE,
    effect=Effect.WRITE,
    scope=Scope.ENVIRONMENT,
    rest="POST /environments/{name}/thing",
    slow=True,
)
def change_thing(
    deps: Any, call: Call, args: ThingName, environment: Environment
) -> Outcome[Thing]:
    """Do the same as a job."""
    return log_thing(deps, call, args, environment)


def test_an_answer_that_shows_a_part_says_where_the_whole_is(world):
    answer = call(world, "log_thing")

    assert (answer.truncated, answer.snapshot) == (True, "before")
    assert calls(answer) == ["get_thing", f"read_output handle={answer.output}"]
    assert answer.warnings == ("Only the end fits.",)
    assert read(world, answer.output).data.text == LOG


def test_a_slow_call_keeps_its_output_too(world):
    answer = call(world, "change_thing", wait=10)

    assert answer.truncated
    assert read(world, answer.output).data.text == LOG


def test_an_answer_that_shows_everything_keeps_nothing(world):
    answer = call(world, "log_thing", name="quiet")

    assert (answer.output, answer.truncated) == (None, None)
    assert world.outputs.stored == {}


def test_a_page_that_polls_keeps_nothing(world):
    answer = call(world, "log_thing", store_output=False)

    assert (answer.output, answer.truncated) == (None, True)
    assert calls(answer) == ["get_thing"]
    assert world.outputs.stored == {}


def test_a_disk_too_full_for_an_output_costs_the_output_only(world):
    world.outputs.full = True

    answer = call(world, "log_thing")

    assert (answer.status, answer.output, answer.truncated) == ("ok", None, True)
    assert answer.data.owner == "three"
    assert calls(answer) == ["get_thing"]
    assert answer.warnings[1] == "The whole output was not kept: The disk is full."


def test_an_output_is_read_by_the_actors_that_may_read_the_environments_log(world):
    handle = call(world, "log_thing").output

    assert read(world, handle, of("id-shop")).data.lines == 3
    for foreign in (of("id-till"), of(), EVE):
        assert refusal(world, handle, foreign) == refusal(world, "z" * 12, foreign).replace(
            "z" * 12, handle
        )


def test_an_output_about_no_environment_is_the_whole_teams(world):
    handle = world.outputs.keep(LOG, team="1", environment="")

    assert read(world, handle).data.total == 3
    assert "There is no output" in refusal(world, handle, of("id-shop"))


def test_an_output_that_goes_while_it_is_asked_for_is_not_found(world, monkeypatch):
    handle = call(world, "log_thing").output
    monkeypatch.setattr(world.outputs, "read", lambda team, handle: None)

    assert "There is no output" in refusal(world, handle, ADA)


def test_a_long_output_is_read_in_parts_with_the_next_call(world):
    text = "\n".join(str(number) * 100 for number in range(100, 300))
    handle = world.outputs.keep(text, team="1", environment="id-shop")

    answer = read(world, handle)

    assert answer.truncated
    assert answer.summary == f"{answer.data.lines} of 200 lines."
    assert calls(answer) == [f"read_output handle={handle} lines={answer.data.lines + 1}-200"]
    rest = read(world, **answer.next[0].arguments)
    assert f"{answer.data.text}\n{rest.data.text}" == text
    assert (rest.truncated, rest.next) == (None, ())


def of(*environments: str) -> Actor:
    """Return an actor that is restricted to environments."""
    return Actor("1", ActorKind.GRANT, "ci", frozenset({Tier.READ}), "g", frozenset(environments))


def call(world: World, operation: str, name: str = "shop", **given: Any) -> Any:
    return world.runner.call(operation, {"name": name}, ADA, REST, **given)


def calls(answer: Any) -> list[str]:
    return [step.as_call() for step in answer.next]


def read(world: World, handle: str, actor: Actor = ADA, **more: Any) -> Any:
    return world.runner.call("read_output", {"handle": handle, **more}, actor, REST)


def refusal(world: World, handle: str, actor: Actor) -> str:
    with pytest.raises(NotFound) as refused:
        read(world, handle, actor)
    return f"{refused.value.message} {refused.value.hint}"


@pytest.fixture
def world():
    outputs = FakeOutputs()
    known = FakeEnvironments({("1", "shop"): "id-shop", ("1", "quiet"): "id-quiet"})
    handlers: tuple[Any, ...] = (log_thing, change_thing, read_output)
    return make_world(
        operations=[each.__operation__ for each in handlers],
        environments=known,
        outputs=outputs,
        deps=deps_of(outputs=outputs),
    )
