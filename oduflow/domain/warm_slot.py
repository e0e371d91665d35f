"""A warm slot: the body of an environment that was made before a call asked for it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from oduflow.domain.filestore import FilestoreKind


class WarmSlotState(StrEnum):
    """The state of a slot. Only a READY one is claimed."""

    MAKING = "making"
    READY = "ready"


@dataclass(frozen=True, slots=True)
class WarmSlot:
    """One row of the store. An environment that claims the slot gets its id.

    Attributes:
        template_id: what its database and filestore are cloned from.
        recipe: digest of everything that its container was made with; a creation whose container
            would be made with anything else does not fit.
        port: the host port that its container publishes.
    """

    id: str
    team: str
    template_id: str
    recipe: str
    state: WarmSlotState
    created_at: datetime
    uid: int | None = None
    port: int | None = None
    filestore: FilestoreKind = FilestoreKind.OVERLAY
