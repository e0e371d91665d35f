"""Every operation, called by actors with every kind of restriction."""

from dataclasses import dataclass, field, replace
from typing import Annotated, Any

import pytest
from pydantic import Field

from oduflow import bootstrap
from oduflow.domain.access import OPEN_TO_RESTRICTED, Actor, ActorKind, Scope, Tier
from oduflow.domain.environment import EnvironmentName, Name
from oduflow.domain.errors import Busy, Failure, Forbidden, Kind, NotFound, Unauthenticated
from oduflow.domain.outcome import Nothing, Outcome
from oduflow.kernel.call import Call, Origin
from oduflow.kernel.locks import LockKey
from oduflow.kernel.operation import Operation
from oduflow.kernel.registry import Registry
from tests.support.fakes import FakeEnvironments, FakeGrantUsage, FakeHeld, World, make_world
from tests.support.samples import required_arguments
from tests.support.store_rows import job

REGISTRY = Registry.discover(bootstrap.OPERATIONS)
IDS = {("1", "shop"): "id-shop", ("1", "till"): "id-till", ("2", "shop"): "id-red"}
OWN_JOB, FOREIGN_JOB, TEAMS_JOB = "a" * 12, "b" * 12, "c" * 12
TEAM_WIDE = {
    "create_environment",
    "create_template",
    "delete_template",
    "list_templates",
    "copy_environment",  # the copy is outside of what an actor is restricted to
}
OWN = {
    "create_grant",
    "get_status",
    "list_environments",
    "list_grants",
    "list_jobs",
    "revoke_grant",
}


class TwoEnvironments(EnvironmentName):
    other: Annotated[Name, Field(description="The other environment.")]


every_operation = pytest.mark.parametrize("operation", list(REGISTRY), ids=lambda found: found.name)


@every_operation
def test_a_grant_of_one_environment_calls_what_is_about_it_and_nothing_of_the_team(operation):
    held = {Tier(operation.permission.tier)}
    expected = None if operation.scopes <= OPEN_TO_RESTRICTED else Kind.FORBIDDEN

    assert called(operation, "shop", OWN_JOB, tiers=held) == expected


@every_operation
def test_every_operation_needs_its_tier(operation):
    others = set(Tier) - {operation.permission.tier}

    assert called(operation, "shop", OWN_JOB, tiers=others) is Kind.FORBIDDEN


@every_operation
@pytest.mark.parametrize("name", ["till", "nowhere"])
@pytest.mark.parametrize("foreign_job", [FOREIGN_JOB, TEAMS_JOB, "d" * 12])
def test_another_environment_and_its_jobs_are_not_found(operation, name, foreign_job):
    expected = {
        Scope.ENVIRONMENT: Kind.NOT_FOUND,
        Scope.JOB: Kind.NOT_FOUND,
        Scope.OUTPUT: Kind.NOT_FOUND,
        Scope.GRANT: None,
        Scope.OWN: None,
    }

    refused = expected.get(operation.scope, Kind.FORBIDDEN)
    if not operation.scopes <= OPEN_TO_RESTRICTED:
        refused = Kind.FORBIDDEN
    assert called(operation, name, foreign_job) == refused


@every_operation
def test_an_actor_of_the_whole_team_may_call_every_operation(operation):
    assert called(operation, "till", FOREIGN_JOB, environments=None) is None


def test_what_is_foreign_is_refused_in_the_words_for_what_is_not_there():
    for operation in REGISTRY:
        if operation.scopes <= {Scope.ENVIRONMENT, Scope.JOB, Scope.OUTPUT}:
            foreign = refusal(operation, "till", FOREIGN_JOB)
            absent = refusal(operation, "gone", "d" * 12)
            assert isinstance(foreign, NotFound)
            assert isinstance(absent, NotFound)
            assert ("till" if operation.scope is Scope.ENVIRONMENT else FOREIGN_JOB) in str(foreign)
            assert foreign.hint == absent.hint
            assert foreign.message.replace("till", "gone").replace("b" * 12, "d" * 12) == (
                absent.message
            )


def test_what_is_about_the_team_says_so():
    closed = {found.name for found in REGISTRY if not found.scopes <= OPEN_TO_RESTRICTED}

    assert closed >= TEAM_WIDE


def test_what_keeps_itself_to_the_actors_own_is_known_by_name():
    own = {found.name for found in REGISTRY if found.scope in {Scope.OWN, Scope.GRANT}}

    assert own == OWN, "its handler has to leave out what is not the actor's; test that it does"


def test_a_lock_on_a_foreign_environment_does_not_tell_that_it_is_there():
    made = OneOperation(REGISTRY.get("stop_environment"))
    made.world.locks.acquire(LockKey.environment("1", "till"), "another call")

    assert isinstance(made.refusal("till", OWN_JOB), NotFound)


@pytest.mark.parametrize("environments", [None, frozenset({"id-shop"})])
def test_no_lock_is_taken_for_what_is_not_there(monkeypatch, environments):
    made = OneOperation(REGISTRY.get("delete_environment"), environments=environments)
    taken: list[LockKey] = []
    monkeypatch.setattr(made.world.locks, "acquire", lambda key, _holder: taken.append(key))

    assert isinstance(made.refusal("nowhere", OWN_JOB), NotFound)
    assert taken == []


def test_what_is_being_made_is_busy_for_an_actor_of_the_whole_team():
    made = OneOperation(REGISTRY.get("delete_environment"), environments=None)
    made.world.locks.acquire(LockKey.environment("1", "nowhere"), "create_environment by ann")

    assert isinstance(made.refusal("nowhere", OWN_JOB), Busy)


def test_a_new_environment_of_an_old_name_is_not_the_one_that_was_granted():
    made = OneOperation(REGISTRY.get("get_environment"))
    made.known.ids["1", "shop"] = "id-of-another"

    assert isinstance(made.refusal("shop", OWN_JOB), NotFound)


def test_a_name_that_changes_hands_while_its_lock_is_taken_is_refused_and_let_go(monkeypatch):
    made = OneOperation(REGISTRY.get("stop_environment"))
    take = made.world.locks.acquire

    def taken_late(key: LockKey, holder: str) -> FakeHeld:
        made.known.ids["1", "shop"] = "id-of-another"
        return take(key, holder)

    monkeypatch.setattr(made.world.locks, "acquire", taken_late)

    assert isinstance(made.refusal("shop", OWN_JOB), NotFound)
    assert made.world.locks.is_free(LockKey.environment("1", "shop"))


def test_each_call_of_a_grant_is_counted_also_a_refused_one_and_then_no_more():
    made = OneOperation(REGISTRY.get("get_environment"))
    made.usage.left["grant1"] = 2

    assert made.refusal("shop", OWN_JOB) is None
    assert isinstance(made.refusal("till", OWN_JOB), NotFound)
    assert isinstance(made.refusal("shop", OWN_JOB), Unauthenticated)
    assert [outcome for _, outcome in made.world.audit.outcomes] == [
        "ok",
        "not_found",
        "unauthenticated",
    ]


def test_a_call_that_a_grant_may_not_make_is_counted_too():
    made = OneOperation(REGISTRY.get("stop_environment"), tiers={Tier.READ})
    made.usage.left["grant1"] = 1

    assert isinstance(made.refusal("shop", OWN_JOB), Forbidden)
    assert isinstance(made.refusal("shop", OWN_JOB), Unauthenticated)


def test_a_job_remembers_the_environment_that_it_is_about():
    made = OneOperation(REGISTRY.get("restart_environment"))

    assert made.refusal("shop", OWN_JOB) is None
    assert made.world.runner.jobs.store.list("1", active=False, limit=9)[0].environment == "id-shop"


def test_the_job_of_a_team_operation_records_no_environment():
    made = OneOperation(REGISTRY.get("create_template"), environments=None)

    assert made.refusal("base", OWN_JOB) is None
    assert made.world.runner.jobs.store.list("1", active=False, limit=9)[0].environment == ""


def test_a_missing_permission_is_named_with_the_operation_and_the_actor():
    refused = OneOperation(REGISTRY.get("stop_environment"), tiers={Tier.READ}).refusal(
        "shop", OWN_JOB
    )

    assert isinstance(refused, Forbidden)
    for word in (
        "stop_environment",
        "environment:write",
        "grant:ci",
        " Ask for a grant with that tier.",
    ):
        assert word in f"{refused.message} {refused.hint}"


def test_a_refusal_of_a_team_operation_names_it_and_the_restricted_actor():
    refused = OneOperation(REGISTRY.get("create_template")).refusal("base", OWN_JOB)

    assert isinstance(refused, Forbidden)
    for word in (
        "create_template",
        "whole team",
        "grant:ci",
        " Ask a member of the team to call it.",
    ):
        assert word in f"{refused.message} {refused.hint}"


@pytest.mark.parametrize("is_busy", [False, True])
@pytest.mark.parametrize("other", ["till", "nowhere"])
def test_a_second_environment_that_a_call_locks_is_checked_as_the_first_is(other, is_busy):
    moved = replace(
        REGISTRY.get("stop_environment"),
        arguments=TwoEnvironments,
        locks={"other": Scope.ENVIRONMENT},
        audit=("name", "other"),
    )
    walk = OneOperation(moved, raw={"other": other})
    if is_busy:
        walk.world.locks.acquire(LockKey.environment("1", "till"), "stop_environment by ann")

    refused = walk.refusal("shop", OWN_JOB)

    assert isinstance(refused, NotFound)
    assert other in refused.message
    own = OneOperation(moved, raw={"other": "shop"})
    assert own.refusal("shop", OWN_JOB) is None


@dataclass
class OneOperation:
    """One operation with a runner of its own; its handler does nothing."""

    operation: Operation
    tiers: set[Tier] = field(default_factory=lambda: set(Tier))
    environments: frozenset[str] | None = frozenset({"id-shop"})
    raw: dict[str, Any] = field(default_factory=dict)
    known: FakeEnvironments = field(default_factory=lambda: FakeEnvironments(dict(IDS)))
    usage: FakeGrantUsage = field(default_factory=FakeGrantUsage)
    world: World = field(init=False)

    def __post_init__(self) -> None:
        inert = replace(self.operation, handler=nothing, check=None, exists=None, result=Nothing)
        self.world = make_world(operations=[inert], environments=self.known, grants=self.usage)
        for id_, environment in (
            (OWN_JOB, "id-shop"),
            (FOREIGN_JOB, "id-till"),
            (TEAMS_JOB, ""),
        ):
            self.world.job_rows.add(job(id=id_, environment=environment))
            self.world.outputs.stored["1", id_] = (environment, "text")

    def refusal(self, name: str, job_id: str) -> Failure | None:
        """Call it about an environment, or about the job or stored output of that id."""
        actor = Actor(
            "1", ActorKind.GRANT, "ci", frozenset(self.tiers), "grant1", self.environments
        )
        known = {"name": name, "job": job_id, "handle": job_id}
        raw = required_arguments(self.operation.arguments, **known) | self.raw
        try:
            self.world.runner.call(self.operation.name, raw, actor, Origin("test"), wait=10)
        except Failure as failure:
            return failure
        return None


def nothing(deps: Any, call: Call, args: Any, *_row: Any) -> Outcome[Nothing]:
    return Outcome(Nothing(), "Done.")


def refusal(operation: Operation, name: str, job_id: str) -> Failure | None:
    return OneOperation(operation).refusal(name, job_id)


def called(operation: Operation, name: str, job_id: str, **reach: Any) -> Kind | None:
    failure = OneOperation(operation, **reach).refusal(name, job_id)
    assert not isinstance(failure, Forbidden) or failure.hint
    return None if failure is None else failure.kind
