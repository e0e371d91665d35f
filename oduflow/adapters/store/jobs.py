"""Jobs in the store, each with the last progress it reported."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, Update, and_, bindparam, delete, func, or_, select, update

from oduflow.adapters.store.engine import Query, Store
from oduflow.adapters.store.tables import grants, jobs
from oduflow.domain.access import Actor, ActorKind, Tier
from oduflow.domain.boot_queue import BootKind, WaitingBoot
from oduflow.domain.clock import now
from oduflow.domain.job import Job, Progress
from oduflow.domain.outcome import FINISHED, Status

# A query of the grants, so that a job is stopped that begins while its grant is revoked.
_REVOKED = and_(
    jobs.c.actor_kind == ActorKind.GRANT,
    jobs.c.subject_id != "",
    jobs.c.subject_id.not_in(select(grants.c.id)),
)
# Named one by one, because SQLite uses no index for what a column is not.
_UNFINISHED = jobs.c.status.in_(sorted(set(Status) - FINISHED))
_WAITING = (
    select(jobs.c.id, jobs.c.team, jobs.c.boot)
    .where(_UNFINISHED, jobs.c.position > 0)
    .order_by(func.coalesce(jobs.c.queued_at, jobs.c.created_at), jobs.c.id)
)
_BY_ID = select(jobs).where(jobs.c.team == bindparam("team"), jobs.c.id == bindparam("id"))
_LATEST = (
    select(jobs)
    .where(jobs.c.team == bindparam("team"))
    .order_by(jobs.c.created_at.desc(), jobs.c.id.desc())
    .limit(bindparam("limit"))
)
_ACTIVE = _LATEST.where(_UNFINISHED)
_OLDEST_UNFINISHED = select(jobs).where(_UNFINISHED).order_by(jobs.c.created_at, jobs.c.id)
_ABOUT = jobs.c.environment.in_(bindparam("environments", expanding=True))
_ASKED_TO_STOP = select(jobs.c.id).where(
    jobs.c.id == bindparam("id"), or_(jobs.c.cancel_requested, _REVOKED)
)
# The columns that hold a field of the job as it is.
_SAME = (
    *("id", "operation", "target", "noun", "face", "environment", "holds"),
    *("status", "created_at", "updated_at", "position", "result", "cancel_requested", "holder"),
)


class JobRows:
    """Implements `kernel.ports.JobStore`; a finished job never changes again."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, job: Job) -> None:
        """Write a new row."""
        with self._store.write() as connection:
            connection.execute(jobs.insert(), _values(job))

    def get(self, team: str, job: str) -> Job | None:
        """Return the team's job, or None."""
        found = self._select(_BY_ID, team=team, id=job)
        return found[0] if found else None

    def list(
        self, team: str, *, active: bool, limit: int, environments: frozenset[str] | None = None
    ) -> tuple[Job, ...]:
        """Return the team's jobs, newest first; with `environments`, only the jobs about those."""
        query = _ACTIVE if active else _LATEST
        if environments is None:
            return self._select(query, team=team, limit=limit)
        about = sorted(environments)
        return self._select(query.where(_ABOUT), team=team, limit=limit, environments=about)

    def unfinished(self) -> tuple[Job, ...]:
        """Return every team's queued and running jobs, oldest first."""
        return self._select(_OLDEST_UNFINISHED)

    def waiting(self) -> tuple[WaitingBoot, ...]:
        """Return the jobs that wait for a boot slot, in the order they began to wait.

        Every waiting job calls this many times a second.
        """
        return tuple(WaitingBoot(*row) for row in self._store.rows(_WAITING))

    def progress(self, job: str, progress: Progress) -> None:
        """Store the job's last progress, in place of the one before."""
        change = _change(job).values(
            step=progress.step,
            message=progress.message,
            done=progress.done,
            total=progress.total,
            updated_at=now(),
        )
        with self._store.write(lasting=False) as connection:
            connection.execute(change)

    def queue(self, job: str, position: int, kind: BootKind) -> None:
        """Mark the job as queued at `position` for a boot, or as running when that is 0."""
        moment = now()
        if position:
            since = func.coalesce(jobs.c.queued_at, moment)
            change = _change(job).values(status=Status.QUEUED, queued_at=since, boot=kind)
        else:
            change = _change(job).values(status=Status.RUNNING, queued_at=None, boot=None)
        with self._store.write(lasting=False) as connection:
            connection.execute(change.values(position=position, updated_at=moment))

    def finish(self, job: str, status: Status, result: dict[str, Any]) -> None:
        """Write the job's result, once."""
        change = _change(job).values(
            status=status, result=result, position=0, queued_at=None, boot=None, updated_at=now()
        )
        with self._store.write() as connection:
            connection.execute(change)

    def request_cancel(self, job: str) -> None:
        """Ask the process that runs the job to stop."""
        with self._store.write() as connection:
            connection.execute(_change(job).values(cancel_requested=True))

    def cancel_requested(self, job: str) -> bool:
        """Whether the job was asked to stop, or its grant was revoked."""
        return bool(self._store.rows(_ASKED_TO_STOP, {"id": job}))

    def prune(self, before: datetime) -> int:
        """Delete jobs that finished before a moment; return how many."""
        old = delete(jobs).where(jobs.c.status.in_(sorted(FINISHED)), jobs.c.updated_at < before)
        with self._store.write() as connection:
            return connection.execute(old).rowcount

    def _select(self, query: Query, **values: object) -> tuple[Job, ...]:
        return tuple(map(_job, self._store.rows(query, values)))


def _change(job: str) -> Update:
    return update(jobs).where(jobs.c.id == job, _UNFINISHED)


def _values(job: Job) -> dict[str, Any]:
    actor, progress = job.actor, job.progress
    return {
        **{name: getattr(job, name) for name in _SAME},
        "team": actor.team,
        "actor_kind": actor.kind,
        "subject": actor.subject,
        "subject_id": actor.subject_id,
        "tiers": tuple(sorted(actor.tiers)),
        "environments": _environments(actor),
        "queued_at": job.updated_at if job.position else None,
        "step": None if progress is None else progress.step,
        "message": None if progress is None else progress.message,
        "done": None if progress is None else progress.done,
        "total": None if progress is None else progress.total,
    }


def _job(row: Row[Any]) -> Job:
    progress = None if row.step is None else Progress(row.step, row.message, row.done, row.total)
    same = {name: getattr(row, name) for name in _SAME}
    return Job(actor=_actor(row), progress=progress, **same)


def _environments(actor: Actor) -> tuple[str, ...] | None:
    return None if actor.environments is None else tuple(sorted(actor.environments))


def _actor(row: Row[Any]) -> Actor:
    return Actor(
        team=row.team,
        kind=row.actor_kind,
        subject=row.subject,
        tiers=frozenset(map(Tier, row.tiers)),
        subject_id=row.subject_id,
        environments=None if row.environments is None else frozenset(row.environments),
    )
