"""The call that a handler serves: who called, from where, and how to report progress."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from oduflow.domain.access import Actor
from oduflow.domain.boot_queue import BootKind, WaitingBoot
from oduflow.domain.errors import Cancelled
from oduflow.domain.job import Progress
from oduflow.kernel.ports import BootSlots

CANCEL_CHECK_SECONDS = 0.25

Report = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a call came from: the face, and the client's address if it has one."""

    face: str
    address: str = ""


@dataclass(slots=True)
class Call:
    """One admitted call; slow work reports its steps to it and stops when it is cancelled.

    Attributes:
        actor: the caller.
        origin: the face and the client's address.
        job: the job's id; empty for a quick call.
    """

    actor: Actor
    origin: Origin
    job: str = ""
    _report: Report = field(default=lambda _progress: None)
    _position: Callable[[int, BootKind], None] = field(default=lambda _position, _kind: None)
    _cancel_requested: Callable[[], bool] = field(default=lambda: False)
    _slots: BootSlots | None = None
    _asked_at: float = 0.0
    _cancelled: bool = False
    _boots: bool = False

    def report(self, step: str, message: str, done: int = 0, total: int = 0) -> None:
        """Report the progress; raise `Cancelled` here when the job was cancelled."""
        self.raise_if_cancelled()
        self._report(Progress(step, message, done, total))

    def tell(self, step: str, message: str, done: int = 0, total: int = 0) -> None:
        """Report the progress of work that cannot be cancelled, such as a deletion."""
        self._report(Progress(step, message, done, total))

    def cancelled(self) -> bool:
        """Whether the job was cancelled; reads its row at most four times a second."""
        if not self._cancelled and time.monotonic() - self._asked_at >= CANCEL_CHECK_SECONDS:
            self._asked_at = time.monotonic()
            self._cancelled = self._cancel_requested()
        return self._cancelled

    def raise_if_cancelled(self) -> None:
        """Raise `Cancelled` when the job was cancelled.

        Raises:
            Cancelled: the job was cancelled.
        """
        if self.cancelled():
            raise Cancelled("Stopped on request.")

    @contextmanager
    def boot_slot(self, kind: BootKind = BootKind.SERVE) -> Iterator[None]:
        """Hold a boot slot; there is one a core, because Odoo's start is bound by the processor.

        Within a block that holds one, a further block uses the same.
        """
        if self._slots is None or self._boots:
            yield
            return
        boot = WaitingBoot(self.job, self.actor.team, kind)

        def queued(position: int) -> None:
            self._position(position, kind)

        with self._slots.take(boot, queued, self.raise_if_cancelled):
            self._boots = True
            try:
                yield
            finally:
                self._boots = False
