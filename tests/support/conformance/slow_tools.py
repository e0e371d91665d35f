"""Slow operations with the names that the suite's scenarios about tasks ask for.

The product's own server serves them as tools, over its jobs. Two of the suite's fixtures are
missing: tasks that ask the client something, which ours never do.
"""

import sys
import time
from dataclasses import replace
from types import SimpleNamespace
from typing import Annotated, Any

from mcp.server.lowlevel import Server
from pydantic import Field

from oduflow.blueprints.mcp.server import make_server
from oduflow.domain.access import Permission
from oduflow.domain.errors import Conflict
from oduflow.domain.outcome import Model, Nothing, Outcome
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, Operation, declared_in, operation
from oduflow.operations.jobs import cancel, get
from tests.support.fakes import make_world

PAUSE_SECONDS = 0.05


class Compute(Model):
    """How long to compute."""

    seconds: Annotated[float, Field(ge=0, description="How long.")] = 0
    label: Annotated[str, Field(description="What is shown.")] = ""


class Greeted(Model):
    """Whom to greet."""

    name: Annotated[str, Field(description="A name.")]


@operation(permission=Permission.ENVIRONMENT_READ, effect=Effect.READ, rest="GET /greet")
def say_hello(deps: Any, call: Call, args: Greeted) -> Outcome[Nothing]:
    """Greet a person at once."""
    return Outcome(Nothing(), f"Hello, {args.name}!")


@operation(
    permission=Permission.ENVIRONMENT_WRITE, effect=Effect.WRITE, slow=True, rest="POST /slow"
)
def slow_compute(deps: Any, call: Call, args: Compute) -> Outcome[Nothing]:
    """Compute for some seconds, unless it is cancelled."""
    until = time.monotonic() + args.seconds
    while time.monotonic() < until:
        call.raise_if_cancelled()
        time.sleep(PAUSE_SECONDS)
    return Outcome(Nothing(), f"Computed {args.label}.")


@operation(
    permission=Permission.ENVIRONMENT_WRITE, effect=Effect.WRITE, slow=True, rest="POST /failing"
)
def failing_job(deps: Any, call: Call, args: Nothing) -> Outcome[Nothing]:
    """Fail after a second."""
    time.sleep(1)
    raise Conflict("This tool always fails.")


@operation(
    permission=Permission.ENVIRONMENT_WRITE, effect=Effect.WRITE, slow=True, rest="POST /broken"
)
def protocol_error_job(deps: Any, call: Call, args: Nothing) -> Outcome[Nothing]:
    """Hit a defect after a while."""
    time.sleep(PAUSE_SECONDS * 5)
    raise RuntimeError("This tool always hits a defect.")


def _operations() -> list[Operation]:
    own = declared_in(sys.modules[__name__])
    named = [replace(each, name="greet") if each.name == "say_hello" else each for each in own]
    return [*named, *declared_in(get), *declared_in(cancel)]


def slow_tools() -> Server[Any]:
    """Make the product's server with these tools."""
    work = SimpleNamespace()
    world = make_world(operations=_operations(), deps=SimpleNamespace(work=work))
    work.jobs = world.runner.jobs
    return make_server(world.runner)
