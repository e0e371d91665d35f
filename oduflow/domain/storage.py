"""How environments are cloned on this machine, and what they take on its disk."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from oduflow.domain.clock import rfc3339
from oduflow.domain.outcome import Model


@dataclass(frozen=True, slots=True)
class CloneState:
    """Whether new environments share blocks with their template.

    Attributes:
        reflink: whether they do.
        text: `reflink (pool of 4.0 GiB, 3.9 GiB free)`, or `copy: ` and the reason; no path.
        hint: the next step, empty when there is none.
        ok: whether environments can be created.
    """

    reflink: bool
    text: str
    hint: str = ""
    ok: bool = True


WHOLE_TEAM = ""  # in place of an id: everything of the team


@dataclass(frozen=True, slots=True)
class MeasuredSize:
    """What something takes on disk.

    Attributes:
        own: bytes that nothing else has: its removal frees them.
        shared: bytes in blocks that it shares, such as with its template.
        measured_at: when.
    """

    own: int
    shared: int
    measured_at: datetime


class DiskView(Model):
    """Bytes on disk: `own` are freed by its removal, `shared` are in blocks that others have."""

    own: int
    shared: int
    measured_at: str

    @classmethod
    def of(cls, size: MeasuredSize | None) -> Self | None:
        """Make the view; None while nothing was measured."""
        if size is None:
            return None
        return cls(own=size.own, shared=size.shared, measured_at=rfc3339(size.measured_at))
