"""How many of the server's threads may wait: for a job, or with an open stream.

Under WSGI each open stream and each waiting call holds a thread, whatever face it came through.
Without a limit the waits of one team would leave none for the short calls of another.
"""

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import TracebackType
from typing import Any, Self

from oduflow.domain.access import Actor
from oduflow.domain.errors import RateLimited
from oduflow.kernel.operation import Operation

RETRY_AFTER_SECONDS = 5


class Use(Enum):
    """What a thread waits for."""

    CALL = "call"
    STREAM = "stream"


@dataclass(frozen=True, slots=True)
class Limits:
    """How many slots there are.

    Attributes:
        actor: for one actor and one use.
        team: for one team and one use.
        total: for everybody; four less than the 32 threads that serve, so that short calls
            always find one.
    """

    actor: int = 4
    team: int = 8
    total: int = 28


class Slots:
    """The ledger of one process; safe to use from any thread."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.lock = threading.Lock()
        self._taken: Counter[tuple[object, ...]] = Counter()

    def slot(self, actor: Actor, use: Use) -> "Slot":
        """Make the slot of one request; it is not taken yet."""
        team = (use, actor.team)
        return Slot(self, ((), team, (*team, actor.kind, actor.subject)))

    @property
    def taken(self) -> int:
        """How many slots are taken at this moment."""
        return self._taken[()]

    def admit(self, keys: tuple[tuple[object, ...], ...]) -> bool:
        """Count one more under every key, if each has room; the lock is held."""
        room = (self.limits.total, self.limits.team, self.limits.actor)
        if any(self._taken[key] >= most for key, most in zip(keys, room, strict=True)):
            return False
        self._taken.update(keys)
        return True

    def leave(self, keys: tuple[tuple[object, ...], ...]) -> None:
        """Count one less under every key; the lock is held."""
        self._taken.subtract(keys)
        self._taken = +self._taken


class Slot:
    """One request's right to wait: taken when it begins to, given back when its thread is free."""

    def __init__(self, slots: Slots, keys: tuple[tuple[object, ...], ...]) -> None:
        self._slots = slots
        self._keys = keys
        self._taken = False
        self._over = False

    @property
    def over(self) -> bool:
        """Whether nobody waits for this request's answer any more."""
        return self._over

    def take(self) -> bool:
        """Take the slot; False when there is no room, or nobody waits any more."""
        with self._slots.lock:
            if not self._taken and not self._over:
                self._taken = self._slots.admit(self._keys)
            return self._taken and not self._over

    def __enter__(self) -> Self:
        """Return the slot, which is given back at the block's end; it is not taken yet."""
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.release()

    def release(self) -> None:
        """Give the slot back for good."""
        with self._slots.lock:
            if self._taken:
                self._slots.leave(self._keys)
            self._taken = False
            self._over = True


def asks_to_wait(operation: Operation, raw: Mapping[str, Any]) -> bool:
    """Whether a call asks to wait some `seconds`; a query says them in digits."""
    return "seconds" in operation.arguments.model_fields and raw.get("seconds") not in (0, "0")


def take_room(slot: Slot, operation: Operation, raw: Mapping[str, Any]) -> None:
    """Take the slot for a call that may keep its thread for long; other calls need none.

    That is what waits because it was asked to, and what waits for somebody else's server, which
    may hang. What is slow runs in a job's thread.

    Raises:
        RateLimited: too many do already.
    """
    if operation.slow:
        return
    if asks_to_wait(operation, raw) and not slot.take():
        raise no_room_to_wait()
    if operation.open_world and not slot.take():
        raise no_room_to_ask()


def no_room_to_ask() -> RateLimited:
    """Refuse a call that would wait for somebody else's server."""
    return RateLimited(
        "Too many calls of this team are waiting for other servers already.",
        "Nothing was asked; call again when one of them has ended.",
        retry_after=RETRY_AFTER_SECONDS,
    )


def no_room_to_wait() -> RateLimited:
    """Refuse a call that can do nothing but wait."""
    return RateLimited(
        "Too many calls of this team are waiting already.",
        "Call again with seconds=0, which answers at once.",
        retry_after=RETRY_AFTER_SECONDS,
    )
