"""Who calls, from the blueprint to the handlers."""

from dataclasses import dataclass

from oduflow.blueprints.slots import Slot
from oduflow.domain.access import Actor
from oduflow.kernel.call import Origin


@dataclass(frozen=True, slots=True)
class Caller:
    """The actor behind one request.

    Attributes:
        actor: who asks.
        origin: from where.
        slot: the right to keep one of the server's threads waiting.
        environment: name of the environment whose path was called; empty at the team's.
    """

    actor: Actor
    origin: Origin
    slot: Slot
    environment: str = ""
