"""Failures that a test injects: into a call of any part, at a step of a saga, or a kill."""

import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any

from oduflow.adapters.locks import FileLocks
from oduflow.adapters.locks.flock import HeldLock
from oduflow.domain.errors import UpstreamFailed
from oduflow.kernel.locks import LockKey


@dataclass
class Faults:
    """Failures by point: `containers.start`, or `create.database.after` of a saga.

    Attributes:
        calls: the points that were passed.
        meanwhile: what happens once when a point is passed.
    """

    meanwhile: dict[str, Callable[[], object]] = field(default_factory=dict)
    planned: dict[str, list[BaseException]] = field(default_factory=lambda: defaultdict(list))
    calls: list[str] = field(default_factory=list)

    def fail(self, point: str, failure: BaseException | None = None, *, times: int = 1) -> None:
        """Make the next calls at a point fail."""
        raised = failure or UpstreamFailed(f"It broke at {point}.", "Look at it.")
        self.planned[point] += [raised] * times

    def strike(self, point: str) -> None:
        """Fail a call where that is planned, else record it."""
        self.meanwhile.pop(point, lambda: None)()
        if self.planned.get(point):
            raise self.planned[point].pop(0)
        self.calls.append(point)


class Breakable:
    """Passes calls on to a part of the product, but for those that a test makes fail."""

    def __init__(self, part: Any, name: str, faults: Faults) -> None:
        self._part = part
        self._name = name
        self._faults = faults

    def __getattr__(self, attribute: str) -> Any:
        found = getattr(self._part, attribute)
        if not callable(found):
            return found

        @wraps(found)
        def call(*positional: Any, **named: Any) -> Any:
            self._faults.strike(f"{self._name}.{attribute}")
            return found(*positional, **named)

        return call


@dataclass
class Mortal:
    """What ends with a process: its locks, and the thread that is killed in the middle of its work.

    Attributes:
        kill_at: the saga's point at which the process is killed.
        dead: set when it was.
    """

    faults: Faults
    kill_at: str = ""
    dead: threading.Event = field(default_factory=threading.Event)
    held: list[HeldLock] = field(default_factory=list)

    def reach(self, point: str) -> None:
        """Pass a point of a saga; a killed process stays there, and undoes nothing."""
        self.faults.strike(point)
        if point == self.kill_at:
            for lock in self.held:  # as the kernel does at the end of a process
                lock.release()
            self.dead.set()
            threading.Event().wait()


class MortalLocks(FileLocks):
    """File locks that a process loses when it is killed."""

    def __init__(self, folder: Path, mortal: Mortal) -> None:
        super().__init__(folder)
        self._mortal = mortal

    def acquire(self, key: LockKey, holder: str, wait: float = 0) -> HeldLock:
        held = super().acquire(key, holder, wait)
        self._mortal.held.append(held)
        return held
