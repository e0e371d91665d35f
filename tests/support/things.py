"""Small operations, one for each kind that can be declared."""

import sys
from typing import Annotated, Any

from pydantic import Field

from oduflow.domain.access import Permission, Scope
from oduflow.domain.errors import (
    Busy,
    Cancelled,
    Conflict,
    Failure,
    Forbidden,
    Internal,
    Invalid,
    Kind,
    NotFound,
    QuotaReached,
    RateLimited,
    Unauthenticated,
    UpstreamFailed,
)
from oduflow.domain.names import slug
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import Model, Nothing, Outcome
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, declared_in, operation


class ThingName(Model):
    """One thing, by name."""

    name: Annotated[str, Field(description="Name of the thing.")]


class CreateThing(ThingName):
    """What a new thing is made of."""

    colours: Annotated[tuple[str, ...], Field(description="Its colours.")] = ()
    heavy: Annotated[bool, Field(description="Whether it is heavy.")] = False


class SearchThings(Model):
    """Which things to find."""

    text: Annotated[str | None, Field(description="A part of the name.")] = None
    colours: Annotated[
        tuple[str, ...] | None, Field(description="Only things of these colours.")
    ] = None
    heavy: Annotated[bool, Field(description="Only heavy things.")] = False
    limit: Annotated[int, Field(ge=1, le=9, description="How many at most.")] = 5


class FailThing(ThingName):
    """How to fail."""

    kind: Annotated[Kind, Field(description="The kind of failure.")]


class Thing(Model):
    """A thing as callers see it."""

    name: str
    owner: str
    colours: tuple[str, ...] = ()


class Things(Model):
    """Things, and the requests for them."""

    things: tuple[Thing, ...]
    asked: SearchThings


_FAILURES: tuple[type[Failure], ...] = (
    Busy,
    Cancelled,
    Conflict,
    Forbidden,
    Internal,
    Invalid,
    NotFound,
    QuotaReached,
    Unauthenticated,
    UpstreamFailed,
)


def failure_of(kind: Kind) -> Failure:
    """Make a failure of that kind."""
    if kind is Kind.RATE_LIMITED:
        return RateLimited("It went wrong.", "Do this.", retry_after=7)
    [fitting] = [failure for failure in _FAILURES if failure.kind is kind]
    return fitting("It went wrong.", "Do this.", output="the last line")


@operation(permission=Permission.ENVIRONMENT_READ, effect=Effect.READ, rest="GET /things")
def list_things(deps: Any, call: Call, args: SearchThings) -> Outcome[Things]:
    """List the team's things."""
    return Outcome(Things(things=(), asked=args), "No things.")


@operation(
    permission=Permission.ENVIRONMENT_WRITE,
    effect=Effect.WRITE,
    scope=Scope.TEMPLATE,
    audit=("name",),
    rest="POST /things",
)
def create_thing(deps: Any, call: Call, args: CreateThing) -> Outcome[Thing]:
    """Create a thing.

    It is there at once.
    """
    thing = Thing(name=slug(args.name), owner=call.actor.team, colours=args.colours)
    return Outcome(thing, f"{thing.name} is made.", ("It is small.",), (Next.of("get_thing"),))


@operation(permission=Permission.ENVIRONMENT_READ, effect=Effect.READ, rest="GET /things/{name}")
def get_thing(deps: Any, call: Call, args: ThingName) -> Outcome[Thing]:
    """Show a thing."""
    return Outcome(Thing(name=args.name, owner=call.actor.team), f"{args.name} is here.")


@operation(
    permission=Permission.ENVIRONMENT_DESTROY,
    effect=Effect.DESTROY,
    scope=Scope.TEMPLATE,
    audit=("name",),
    rest="DELETE /things/{name}",
)
def delete_thing(deps: Any, call: Call, args: ThingName) -> Outcome[Nothing]:
    """Delete a thing."""
    return Outcome(Nothing(), f"{args.name} is gone.")


@operation(
    permission=Permission.ENVIRONMENT_WRITE,
    effect=Effect.WRITE,
    scope=Scope.TEMPLATE,
    slow=True,
    audit=("name",),
    rest="POST /things/{name}/bake",
)
def bake_thing(deps: Any, call: Call, args: CreateThing) -> Outcome[Thing]:
    """Bake a thing until a boot slot was free for it, unless it is called off."""
    call.report("heat", "heating", 1, 2)
    with call.boot_slot():
        call.raise_if_cancelled()
    return Outcome(Thing(name=args.name, owner=call.actor.team), f"{args.name} is baked.")


@operation(
    permission=Permission.ENVIRONMENT_WRITE,
    effect=Effect.WRITE,
    scope=Scope.TEMPLATE,
    slow=True,
    rest="POST /things/{name}/burn",
)
def burn_thing(deps: Any, call: Call, args: FailThing) -> Outcome[Thing]:
    """Fail slowly."""
    raise failure_of(args.kind)


@operation(
    permission=Permission.ENVIRONMENT_WRITE,
    effect=Effect.WRITE,
    scope=Scope.TEMPLATE,
    rest="POST /things/{name}/fail",
)
def fail_thing(deps: Any, call: Call, args: FailThing) -> Outcome[Thing]:
    """Fail in the asked-for way."""
    raise failure_of(args.kind)


@operation(
    permission=Permission.ENVIRONMENT_WRITE,
    effect=Effect.WRITE,
    scope=Scope.TEMPLATE,
    rest="POST /things/{name}/break",
)
def break_thing(deps: Any, call: Call, args: ThingName) -> Outcome[Thing]:
    """Hit a defect."""
    raise RuntimeError("a secret detail of the server")


THINGS = declared_in(sys.modules[__name__])
