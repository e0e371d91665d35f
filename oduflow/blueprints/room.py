"""The room that one request takes among the server's threads."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from oduflow.blueprints.context import context
from oduflow.blueprints.slots import Slot, Use, take_room
from oduflow.blueprints.trail import refusals_remembered
from oduflow.domain.access import Actor
from oduflow.kernel.operation import Operation


@contextmanager
def room_for(operation: Operation, raw: Mapping[str, Any], actor: Actor) -> Iterator[Slot]:
    """Keep a slot while a call runs; it is taken already if the call may keep its thread long.

    Raises:
        RateLimited: it may, and too many do already.
    """
    with context().slots.slot(actor, Use.CALL) as slot:
        with refusals_remembered(operation.name, actor):
            take_room(slot, operation, raw)
        yield slot
