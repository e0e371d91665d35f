"""Snapshots: what an environment was at a moment, and the way back to it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field

from oduflow.domain.environment import Environment, EnvironmentName, Name
from oduflow.domain.errors import NotFound, QuotaReached
from oduflow.domain.extra_repo import Pin
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import Model
from oduflow.domain.storage import DiskView, MeasuredSize

ROLLBACK = "rollback"  # the name of the saga, and of the environment's step meanwhile


class SnapshotState(StrEnum):
    """The state of a snapshot.

    REPLACING: it keeps the state before a rollback, which goes on.
    """

    CREATING = "creating"
    DELETING = "deleting"
    READY = "ready"
    REPLACING = "replacing"


class CreateSnapshot(EnvironmentName):
    """The name of a new snapshot."""

    snapshot: Annotated[Name | None, Field(description="Its name; default: the time.")] = None


class SnapshotName(EnvironmentName):
    """One snapshot of an environment."""

    snapshot: Annotated[
        Name, Field(description="Snapshot of the environment.", examples=["before-upgrade"])
    ]


class RollbackEnvironment(EnvironmentName):
    """Which state to go back to."""

    snapshot: Annotated[Name | None, Field(description="Default: the newest.")] = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One row of the store: the names of its parts follow from `id` (`domain/plan.py`).

    Attributes:
        automatic: whether it was taken before an operation, and is removed by itself.
        reason: the operation that it was taken before; empty for one that was asked for.
        kept: the commit with the checkout's files and edits.
        target: the snapshot that a rollback goes to which this one was taken before.
        applied: the states of the checkout that the environment's Odoo had loaded.
    """

    id: str
    environment: str
    team: str
    name: str
    state: SnapshotState
    automatic: bool
    reason: str
    repo_url: str
    branch: str
    requested_branch: str | None
    commit: str
    kept: str
    odoo_image: str
    modules: tuple[str, ...]
    addons: tuple[str, ...]
    python_deps: str
    extra_repos: tuple[Pin, ...]
    target: str
    created_by: str
    created_at: datetime
    applied: tuple[str, ...] = ()


def team_has_all(count: int, limit: int) -> QuotaReached:
    """Make the error for a team at its limit of snapshots that were asked for."""
    return QuotaReached(
        f"The team has {count} of {limit} snapshots that were asked for.",
        "Delete one, or raise max_snapshots of the team.",
        Next.of("list_environments", "shows those whose snapshots may be deleted"),
    )


class SnapshotView(Model):
    """A snapshot as callers see it. Times are RFC 3339 in UTC.

    `automatic` ones are removed by themselves; `reason` is the operation that one was taken before.
    `disk` counts what it shares with its environment as shared.
    """

    name: str
    environment: str
    state: SnapshotState
    automatic: bool
    reason: str
    branch: str
    commit: str
    modules: tuple[str, ...]
    created_by: str
    created_at: str
    disk: DiskView | None = None  # absent until it was measured

    @classmethod
    def of(cls, row: Snapshot, environment: Environment, size: MeasuredSize | None = None) -> Self:
        """Make the view of a row, and of what it takes on disk."""
        return cls.from_row(row, environment=environment.name, disk=DiskView.of(size))


class SnapshotList(Model):
    """An environment's snapshots, the newest first."""

    snapshots: tuple[SnapshotView, ...]


def no_snapshot(environment: str, name: str | None) -> NotFound:
    """Make the error for a snapshot that is missing, or for an environment that has none."""
    said = f"no snapshot “{name}”" if name else "no snapshots"
    return NotFound(
        f"{environment} has {said}.",
        "",
        Next.of("list_snapshots", "shows the existing ones", name=environment)
        if name
        else Next.of("create_snapshot", "takes one", name=environment),
    )


def default_name(moment: datetime, taken: set[str], reason: str = "") -> str:
    """Name a snapshot after its time, and after the operation that it is taken before."""
    verb = reason.partition("_")[0]
    stem = f"before-{verb}-" if verb else ""
    first = f"{stem}{moment:%Y%m%d-%H%M%S}"
    if first not in taken:
        return first
    return next(name for n in range(2, 10_000) if (name := f"{first}-{n}") not in taken)


def expired(
    snapshots: tuple[Snapshot, ...], moment: datetime, *, keep: int, days: int
) -> tuple[Snapshot, ...]:
    """Return the automatic snapshots that are no longer kept, of one environment's.

    Args:
        snapshots: all of them.
        moment: the time now.
        keep: how many of the newest automatic ones are kept.
        days: how old one may become; 0 for any age.
    """
    automatic = sorted(
        (row for row in snapshots if row.automatic and row.state is SnapshotState.READY),
        key=lambda row: (row.created_at, row.id),
        reverse=True,
    )
    oldest = moment - timedelta(days=days) if days else None
    return tuple(
        row
        for position, row in enumerate(automatic)
        if position >= keep or (oldest is not None and row.created_at < oldest)
    )
