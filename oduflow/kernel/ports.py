"""Protocols of what the kernel needs from higher layers; `bootstrap` passes the implementations."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Protocol

from oduflow.domain.access import Actor
from oduflow.domain.audit.rows import AuditRow, NumberedAuditRow
from oduflow.domain.boot_queue import BootKind, WaitingBoot
from oduflow.domain.environment import Environment
from oduflow.domain.job import Job, Progress
from oduflow.domain.outcome import Status


class JobStore(Protocol):
    """Rows of jobs."""

    def add(self, job: Job) -> None:
        """Write a new row."""

    def get(self, team: str, job: str) -> Job | None:
        """Return the team's job, or None."""

    def list(
        self, team: str, *, active: bool, limit: int, environments: frozenset[str] | None = None
    ) -> Sequence[Job]:
        """Return the team's jobs, newest first; if given, only those about these environments."""

    def unfinished(self) -> Sequence[Job]:
        """Return every team's queued and running jobs, oldest first."""

    def waiting(self) -> Sequence[WaitingBoot]:
        """Return every team's jobs that wait for a boot slot, in the order they began to wait."""

    def progress(self, job: str, progress: Progress) -> None:
        """Record the job's last progress."""

    def queue(self, job: str, position: int, kind: BootKind) -> None:
        """Mark the job queued at `position` for a boot, or running when `position` is 0."""

    def finish(self, job: str, status: Status, result: dict[str, Any]) -> None:
        """Record the job's end; a finished job never changes."""

    def prune(self, before: datetime) -> int:
        """Delete jobs that finished before a time; return how many."""

    def request_cancel(self, job: str) -> None:
        """Record that the job was cancelled; its process reads this."""

    def cancel_requested(self, job: str) -> bool:
        """Whether the job was cancelled."""


class OutputStore(Protocol):
    """Long texts that answers show a part of, and PNG images.

    Each belongs to a team, and to one environment, or to none: then the id is empty.
    """

    def keep(self, content: str | bytes, *, team: str, environment: str) -> str:
        """Store a text, or bytes of an image, and return the handle, or raise a `Failure`.

        A text too long is capped; an image too large is refused.
        """

    def environment(self, team: str, handle: str) -> str | None:
        """Return the id of the environment that an output is about; None for an absent one."""

    def read(self, team: str, handle: str) -> str | None:
        """Return a text, or None when the team has none of that handle."""

    def read_image(self, team: str, handle: str) -> bytes | None:
        """Return an image, or None when the team has none of that handle."""


class EnvironmentLookup(Protocol):
    """Finds environments by name."""

    def get(self, team: str, name: str) -> Environment | None:
        """Return the team's environment of exactly that name, or None."""


class GrantUsage(Protocol):
    """Counts calls made with grants."""

    def spend(self, actor: Actor) -> None:
        """Count one call of a grant, or raise `Unauthenticated` when the grant has ended."""


class AuditSink(Protocol):
    """Writes audit rows, and reads the newest."""

    def append(self, row: AuditRow) -> None:
        """Write one row at once."""

    def count(self, row: AuditRow) -> None:
        """Count a call that may repeat: equal calls within a minute become one row."""

    def newest(self, team: str) -> int:
        """Return the number of the team's newest row, 0 if it has none."""

    def after(self, team: str, number: int) -> Sequence[NumberedAuditRow]:
        """Return the team's rows of higher numbers, the oldest first; some thousand at most."""


class BootSlots(Protocol):
    """About one boot per core at a time, across processes, and fair between teams."""

    def take(
        self, boot: WaitingBoot, on_position: Callable[[int], None], cancelled: Callable[[], None]
    ) -> AbstractContextManager[None]:
        """Wait for a slot and report the queue position; `cancelled` raises to stop waiting."""
