import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

import pytest
from pydantic import Field

from oduflow.domain.access import Actor, ActorKind, Permission, Scope, Tier
from oduflow.domain.audit.addresses import AUDITED_ADDRESS
from oduflow.domain.audit.rows import AuditRow
from oduflow.domain.errors import (
    Busy,
    Forbidden,
    Internal,
    Invalid,
    NotFound,
    QuotaReached,
    UpstreamFailed,
)
from oduflow.domain.job import Job, Progress, progress_text
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import Envelope, Outcome, Status
from oduflow.kernel.call import Call, Origin
from oduflow.kernel.jobs import UNFINISHED_OF_A_TEAM
from oduflow.kernel.locks import LockKey
from oduflow.kernel.operation import Effect, operation
from oduflow.kernel.registry import Registry
from tests.support.fakes import make_world
from tests.support.store_rows import job
from tests.support.things import THINGS, Thing, ThingName

ADA = Actor("1", ActorKind.OAUTH, "ada")
READER = Actor("1", ActorKind.GRANT, "night", frozenset({Tier.READ}))
REST = Origin("rest", "203.0.113.9")
BOX = LockKey.template("1", "box")


class Letter(ThingName):
    secret: Annotated[str, Field(description="Remembered nowhere.")] = ""
    pages: Annotated[tuple[str, ...], Field(description="Its pages.")] = ()
    stamps: Annotated[int | None, Field(description="How many.")] = None
    via: Annotated[str | None, AUDITED_ADDRESS, Field(description="Its way.")] = None


@operation(
    permission=Permission.ENVIRONMENT_WRITE,
    effect=Effect.WRITE,
    scope=Scope.TEMPLATE,
    audit=("name", "pages", "stamps", "via"),
    rest="POST /letters",
)
def send_letter(deps: Any, call: Call, args: Letter) -> Outcome[Thing]:
    """Do what the test asks, to see what is remembered of it."""
    deps(args)
    return Outcome(Thing(name=args.name, owner=call.actor.team), f"{args.name} is sent.")


@dataclass
class Post:
    sent: list[Letter] = field(default_factory=list)
    act: Callable[[Letter], object] = str

    def __call__(self, letter: Letter) -> None:
        self.sent.append(letter)
        self.act(letter)


def test_a_quick_call_answers_its_envelope(world):
    answer = call(world, "create_thing", name="Box", colours=["red"])

    assert answer.status is Status.OK
    assert answer.summary == "box is made."
    assert answer.data == Thing(name="box", owner="1", colours=("red",))
    assert (answer.warnings, answer.next) == (("It is small.",), (Next.of("get_thing"),))
    assert answer.job is None


def test_the_handler_acts_for_the_callers_team(world):
    other = Actor("2", ActorKind.BASIC, "admin")

    answer = world.runner.call("get_thing", {"name": "box"}, other, REST)

    assert answer.data.owner == "2"


def test_a_call_that_went_well_is_remembered(world):
    call(world, "create_thing", name="box", colours=["red"])

    (row,) = world.audit.rows
    assert row == AuditRow(
        time=row.time,
        actor=ADA,
        face="rest",
        address="203.0.113.9",
        operation="create_thing",
        fields={"name": "box"},
        outcome="ok",
        duration_ms=row.duration_ms,
    )
    assert row.time.utcoffset() is not None
    assert 0 <= row.duration_ms < 1000


def test_an_address_is_remembered_without_its_secrets_also_of_a_refused_call(letters):
    via = "https://ada:s3cret@git.lan/acme/shop?key=s3cret"
    call(letters, "send_letter", name="box", via=via)
    with pytest.raises(Invalid):
        call(letters, "send_letter", name="box", via=via, nonsense=1)

    for row in letters.audit.rows:
        assert row.fields["via"] == "https://git.lan/acme/shop"


def test_an_actor_without_the_tier_is_refused_before_anything_happens(letters, post):
    with pytest.raises(Forbidden, match="send_letter needs environment:write, which grant:night"):
        letters.runner.call("send_letter", {"name": "box"}, READER, REST)

    assert post.sent == []
    assert letters.audit.outcomes == [("send_letter", "forbidden")]
    assert letters.locks.holders == {}


def test_who_may_not_call_learns_nothing_of_the_arguments(letters):
    with pytest.raises(Forbidden):
        letters.runner.call("send_letter", {"nonsense": 1}, READER, REST)


def test_wrong_arguments_are_refused_before_anything_happens(letters, post):
    with pytest.raises(Invalid, match="name is required"):
        call(letters, "send_letter")

    assert post.sent == []
    assert letters.audit.outcomes == [("send_letter", "invalid")]
    assert letters.locks.holders == {}


def test_a_taken_lock_refuses_and_names_its_holder(letters, post):
    held = letters.locks.acquire(BOX, "delete_environment by eve")

    with pytest.raises(Busy, match="delete_environment by eve"):
        call(letters, "send_letter", name="box")
    held.release()
    call(letters, "send_letter", name="box")

    assert [args.name for args in post.sent] == ["box"]
    assert letters.audit.outcomes == [("send_letter", "busy"), ("send_letter", "ok")]


def test_a_slow_call_about_what_does_not_exist_is_no_job_and_holds_nothing():
    held: list[LockKey] = []

    def absent(_deps: Any, team: str, args: ThingName) -> None:
        held.extend(made.locks.holders)
        raise NotFound(f"There is no {args.name} in {team}.", "")

    made = make_world(operations=[replace(Registry(THINGS).get("bake_thing"), exists=absent)])

    with pytest.raises(NotFound, match=r"There is no box in 1\."):
        call(made, "bake_thing", name="box")

    assert held == [BOX]
    assert made.locks.holders == {}
    assert made.job_rows.list("1", active=False, limit=9) == ()
    assert made.audit.outcomes == [("bake_thing", "not_found")]


def test_other_names_and_other_teams_are_not_kept_waiting(letters, post):
    letters.locks.acquire(BOX, "another call")
    call(letters, "send_letter", name="bag")
    letters.runner.call("send_letter", {"name": "box"}, Actor("2", ActorKind.CLI, "eve"), REST)

    assert len(post.sent) == 2


def test_the_lock_is_held_while_the_handler_works(letters, post):
    held = []
    post.act = lambda args: held.append(dict(letters.locks.holders))

    call(letters, "send_letter", name="box")

    assert [list(keys) for keys in held] == [[BOX]]
    assert letters.locks.holders == {}


@pytest.mark.parametrize(
    ("error", "raised", "outcome"),
    [
        (UpstreamFailed("Docker is away."), UpstreamFailed, "upstream"),
        (RuntimeError("a secret detail"), Internal, "internal"),
        (KeyboardInterrupt(), KeyboardInterrupt, "internal"),
    ],
)
def test_however_it_ends_the_lock_is_let_go_and_the_end_remembered(
    letters, post, error, raised, outcome
):
    def fail(args):
        raise error

    post.act = fail

    with pytest.raises(raised):
        call(letters, "send_letter", name="box")

    assert letters.locks.holders == {}
    assert letters.audit.outcomes == [("send_letter", outcome)]


def test_a_defect_hides_its_cause_from_the_caller_and_keeps_it_for_the_log(world, caplog):
    with pytest.raises(Internal) as hit:
        call(world, "break_thing", name="box")

    assert "secret detail" not in hit.value.message + hit.value.hint + hit.value.output
    assert "secret detail" in str(hit.value.__cause__)
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "a secret detail of the server" in caplog.text


def test_the_cause_of_a_failure_is_logged(letters, post, caplog):
    def fail(args):
        raise UpstreamFailed("Docker is away.") from OSError("no such socket")

    post.act = fail

    with caplog.at_level(logging.INFO), pytest.raises(UpstreamFailed):
        call(letters, "send_letter", name="box")

    assert "no such socket" in caplog.text


def test_an_answer_that_breaks_its_own_promise_is_a_defect(world):
    listed = next(known for known in THINGS if known.name == "list_things")
    wrong = Outcome(Thing(name="x", owner="1"), "another view than was declared")
    broken = replace(listed, handler=lambda deps, call, args: wrong)
    odd = make_world(operations=[broken])

    with pytest.raises(Internal):
        call(odd, "list_things")


def test_an_unknown_operation_is_not_found(world):
    with pytest.raises(NotFound, match="no operation “creat_thing”"):
        call(world, "creat_thing")


def test_only_the_declared_arguments_are_remembered(letters):
    call(letters, "send_letter", name="box", secret="hunter2-hunter2", pages=["one"], stamps=3)
    with pytest.raises(Invalid):
        call(letters, "send_letter", name="box", secret="hunter2", token="hunter2", stamps="x")

    done, refused = letters.audit.rows
    assert done.fields == {"name": "box", "pages": ["one"], "stamps": 3, "via": None}
    assert refused.fields == {"name": "box", "stamps": "x"}


@pytest.mark.parametrize(
    ("sent", "remembered"),
    [
        ("x" * 300, "x" * 200),
        (["y" * 300] * 30, ["y" * 200] * 20),
        ({"deep": ["z" * 300]}, "…"),
        ([[["z" * 300] * 20] * 20, {"deep": 1}, 5], ["…", "…", 5]),
        (10**4000, "1" + "0" * 199),
        (None, None),
        (True, True),
    ],
)
def test_what_is_remembered_of_a_refused_call_is_short(letters, sent, remembered):
    with pytest.raises(Invalid):
        call(letters, "send_letter", name=7, stamps=sent)

    assert letters.audit.rows[0].fields == {"name": 7, "stamps": remembered}


def test_a_slow_call_answers_its_handle_when_it_is_not_waited_for(world):
    world.slots.free.clear()
    answer = call(world, "bake_thing", name="box")
    world.slots.free.set()
    row = world.runner.jobs.wait("1", answer.job, 5)

    assert answer.status in {Status.RUNNING, Status.QUEUED}
    assert [step.as_call() for step in answer.next] == [
        f"wait_for_job job={answer.job}",
        f"cancel_job job={answer.job}",
    ]
    assert (row.operation, row.target, row.face, row.actor) == ("bake_thing", "box", "rest", ADA)


def test_a_slow_call_that_is_waited_for_answers_as_a_quick_one_does(world):
    answer = call(world, "bake_thing", wait=5, name="box")

    assert answer.status is Status.OK
    assert answer.summary == "box is baked."
    assert answer.data == Thing(name="box", owner="1")
    assert answer.job in world.job_rows.rows


def test_a_slow_call_that_fails_answers_an_envelope_with_the_error(world):
    answer = call(world, "burn_thing", wait=5, name="box", kind="upstream")

    assert answer.status is Status.FAILED
    assert answer.error.kind == "upstream"
    assert "last line" in answer.error.output
    assert (answer.error.hint, answer.next) == ("Do this.", ())
    assert world.audit.outcomes == [("burn_thing", "upstream")]


def test_a_slow_call_keeps_the_lock_until_its_job_ends(world):
    world.slots.free.clear()
    answer = call(world, "bake_thing", name="box")

    with pytest.raises(Busy, match="bake_thing by ada"):
        call(world, "create_thing", name="box")
    world.slots.free.set()
    world.runner.jobs.wait("1", answer.job, 5)

    assert world.locks.holders == {}
    assert call(world, "create_thing", name="box").status is Status.OK


def test_a_slow_call_is_refused_and_audited_as_a_quick_one_is(world):
    with pytest.raises(Invalid):
        call(world, "bake_thing")

    assert world.audit.outcomes == [("bake_thing", "invalid")]
    assert world.job_rows.rows == {}


def test_a_server_that_shuts_down_refuses_slow_calls_and_lets_the_lock_go(world):
    world.runner.jobs.close()

    with pytest.raises(Busy, match="shutting down"):
        call(world, "bake_thing", name="box")

    assert world.locks.holders == {}
    assert world.audit.outcomes == [("bake_thing", "busy")]
    assert call(world, "create_thing", name="box").status is Status.OK


def test_a_waiting_caller_sees_the_steps(world):
    seen: list[Job] = []

    world.runner.call("bake_thing", {"name": "box"}, ADA, REST, wait=5, on_progress=seen.append)

    assert seen[-1].status is Status.OK
    assert seen[-1].progress == Progress("heat", "heating", 1, 2)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "running"),
        ({"position": 2}, "waiting for a boot slot, number 2 in the queue"),
    ],
)
def test_how_far_a_job_is_can_be_said_in_words(world, given, words):
    assert progress_text(job(**given)) == words
    assert world.runner.handle(job(**given), ADA).summary == f"create_environment sale: {words}"


def test_a_finished_jobs_envelope_is_its_answer(world):
    done = Envelope[Thing](status=Status.OK, summary="box is baked.", job="aaaaaaaaaaaa")
    row = job(status=Status.OK, result=done.model_dump(mode="json"))

    assert world.runner.handle(row, ADA).summary == "box is baked."


def test_a_job_that_cannot_be_cancelled_offers_no_cancel_job():
    bake = Registry(THINGS).get("bake_thing")
    melt = replace(bake, name="melt_thing", path="/melt", cancellable=False)
    world = make_world(operations=[*THINGS, melt])

    (step,) = world.runner.handle(job(operation="melt_thing"), ADA).next
    assert step.operation == "wait_for_job"


def test_a_job_too_many_is_refused_remembered_and_lets_go_of_its_lock(world):
    world.slots.free.clear()
    for number in range(UNFINISHED_OF_A_TEAM):
        call(world, "bake_thing", name=f"box{number}")

    with pytest.raises(QuotaReached):
        call(world, "bake_thing", name="box")

    assert world.audit.outcomes == [("bake_thing", "quota")]
    assert world.locks.is_free(BOX)
    world.slots.free.set()


def call(world, name, /, *, wait=0, **raw):
    return world.runner.call(name, raw, ADA, REST, wait=wait)


@pytest.fixture
def world():
    return make_world()


@pytest.fixture
def post():
    return Post()


@pytest.fixture
def letters(post):
    """Return a runner with one operation, whose handler calls `post.act`."""
    return make_world(operations=[send_letter.__operation__], deps=post)  # type: ignore[attr-defined]
