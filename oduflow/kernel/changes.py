"""What calls have changed, for those who follow it: read from the audit log and the jobs.

Both are written by every process, so a change by the command line is seen as one by this server
is. A call that only reads changes nothing; what Odoo or Docker does by itself is not seen.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from oduflow.domain.access import Scope
from oduflow.domain.audit.rows import REFUSALS, AuditRow
from oduflow.domain.errors import Failure, Kind
from oduflow.domain.job import ENVIRONMENT, Job, Resource
from oduflow.domain.outcome import Status
from oduflow.kernel.operation import NOUN_OF, Effect, Operation
from oduflow.kernel.ports import AuditSink, JobStore
from oduflow.kernel.registry import Registry

JOBS = "jobs"
ENVIRONMENTS = "environments"
RECENT_JOBS = 20  # of a team, that may have ended between two looks
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ChangedThing:
    """One changed thing.

    Attributes:
        place: the first part of its REST path, such as `environments`.
        name: its name, or a job's handle; None when any of them may have changed.
        environment: the id of the environment that it is, or is about; empty for none, and for
            one that is no longer known by its name.
    """

    place: str
    name: str | None = None
    environment: str = ""


AUDIT = ChangedThing("audit")
LISTED = ChangedThing(ENVIRONMENTS, "")  # an environment came or went; no environment has this name


class ChangeFeed:
    """Tells which things of teams have changed since the last look.

    One thread looks at a time. Others may begin and end meanwhile: the store is read without the
    guard, so `end` never waits for it.
    """

    def __init__(
        self,
        registry: Registry,
        audit: AuditSink,
        jobs: JobStore,
        environment_id: Callable[[str, str], str | None],
    ) -> None:
        """Follow no team yet; `environment_id` finds an environment by its team and name."""
        self._operations: Mapping[str, Operation] = {each.name: each for each in registry}
        self._audit = audit
        self._store = jobs
        self._environment_id = environment_id
        self._newest: dict[str, int] = {}
        self._jobs: dict[str, Job] = {}
        self._guard = threading.Lock()

    def begin(self, team: str) -> None:
        """Follow a team from now on; a second call changes nothing."""
        if team in self._newest:
            return
        newest, unfinished = self._audit.newest(team), self._store.unfinished()
        with self._guard:
            if team not in self._newest:
                self._newest[team] = newest
                self._jobs |= {each.id: each for each in unfinished if each.actor.team == team}

    @property
    def teams(self) -> frozenset[str]:
        """The teams that are followed."""
        with self._guard:
            return frozenset(self._newest)

    def end(self, team: str) -> None:
        """Follow a team no longer."""
        with self._guard:
            self._newest.pop(team, None)
            kept = (each for each in self._jobs.values() if each.actor.team != team)
            self._jobs = {each.id: each for each in kept}

    def look(self) -> Mapping[str, frozenset[ChangedThing]]:
        """Return by team what has changed since the last look.

        Raises:
            Failure: the store cannot be read.
        """
        with self._guard:
            since, before = dict(self._newest), dict(self._jobs)
        found: dict[str, set[ChangedThing]] = {team: set() for team in since}
        newest = {team: self._read(team, since[team], found[team]) for team in since}
        unfinished = self._store.unfinished()
        after = {each.id: each for each in unfinished if each.actor.team in found}
        self._compare(found, before, after)
        # Nothing is forgotten before all is read: a look that failed is made again.
        with self._guard:
            for team in since.keys() & self._newest.keys():
                self._newest[team] = max(newest[team], self._newest[team])
            others = {id_: job for id_, job in self._jobs.items() if job.actor.team not in since}
            now = {id_: job for id_, job in after.items() if job.actor.team in self._newest}
            self._jobs = others | now
        return {team: frozenset(changes) for team, changes in found.items() if changes}

    def _read(self, team: str, since: int, changes: set[ChangedThing]) -> int:
        """Add what a team's new rows changed; return the number of the last one.

        After a row that cannot be read, anything of the team may have changed.
        """
        try:
            rows = self._audit.after(team, since)
            for each in rows:
                changes.update(self._of_row(each.row))
        except Failure:
            raise
        except Exception:
            log.exception("an audit row of team %s cannot be read", team)
            changes.update(ChangedThing(_own(each)) for each in self._operations.values())
            return self._audit.newest(team)
        return rows[-1].number if rows else since

    def _of_row(self, row: AuditRow) -> Iterator[ChangedThing]:
        """Return what an audited call changed; a refusal or a read changed nothing else."""
        operation, team = self._operations.get(row.operation), row.actor.team
        if not _is_look_at_the_audit(operation, row):
            yield AUDIT
        if operation is None or self._is_refused(operation, row):
            return
        subject = row.fields.get("name") if operation.scope is Scope.ENVIRONMENT else ""
        about = self._id(team, subject)
        if operation.slow:
            yield ChangedThing(JOBS, environment=about)
        if operation.effect is Effect.READ:
            return
        if _makes_or_removes(operation):
            yield LISTED
        if operation.scope is Scope.JOB:
            job = self._store.get(team, str(row.fields.get("job")))
            yield ChangedThing(
                _own(operation), job.id if job else None, job.environment if job else ""
            )
        elif not operation.holds:
            yield ChangedThing(_own(operation))
        yield from self._locked(operation, row)

    def _is_refused(self, operation: Operation, row: AuditRow) -> bool:
        """Return whether a call was refused; a job may fail with the kind of a refusal, too."""
        if not (operation.slow and row.outcome in REFUSALS):
            return row.outcome in REFUSALS
        recent = self._store.list(row.actor.team, active=False, limit=RECENT_JOBS)
        return not any(_may_be_of(row, job) for job in recent)

    def _locked(self, operation: Operation, row: AuditRow) -> Iterator[ChangedThing]:
        for field, scope in operation.holds.items():
            name, noun = row.fields.get(field), NOUN_OF[scope]
            if name != "":  # a resource that the call did not lock
                place = _own(operation) if field == "name" else _place(noun)
                id_ = self._id(row.actor.team, name) if noun == ENVIRONMENT else ""
                yield ChangedThing(place, name and str(name), id_)

    def _compare(
        self,
        found: Mapping[str, set[ChangedThing]],
        earlier: Mapping[str, Job],
        now: Mapping[str, Job],
    ) -> None:
        """Add what the difference between the unfinished jobs of two looks says."""
        for id_ in now.keys() | earlier.keys():
            before, after = earlier.get(id_), now.get(id_)
            job = after or before
            if job is None or (before and after and before.updated_at == after.updated_at):
                continue
            changes = found[job.actor.team]
            changes.add(ChangedThing(JOBS, id_, job.environment))
            if before is None or after is None:
                changes.update(self._held(job, each) for each in job.holds)
                operation = self._operations.get(job.operation)
                if operation is not None and _makes_or_removes(operation):
                    changes.add(LISTED)

    def _held(self, job: Job, held: Resource) -> ChangedThing:
        """Return the change of what a job holds; an environment that is gone has no other id."""
        id_ = ""
        if held.noun == ENVIRONMENT:
            is_subject = (held.noun, held.name) == (job.noun, job.target)
            id_ = (is_subject and job.environment) or self._id(job.actor.team, held.name)
        return ChangedThing(_place(held.noun), held.name, id_)

    def _id(self, team: str, name: object) -> str:
        return (self._environment_id(team, str(name)) or "") if name else ""


def touches(changes: Iterable[ChangedThing], place: str, name: str | None) -> bool:
    """Return whether one of the changes is about a thing, or about a list, whose name is None."""
    return any(
        each.place == place and (name is None or each.name is None or each.name == name)
        for each in changes
    )


def _is_look_at_the_audit(operation: Operation | None, row: AuditRow) -> bool:
    """Return whether a row is of a read of the audit log, which a follower makes when it is told.

    A refusal that is for others to see is none; that of a caller that reads too often is one.
    """
    if operation is None or operation.effect is not Effect.READ:
        return False
    return _own(operation) == AUDIT.place and row.outcome in {Status.OK, Kind.RATE_LIMITED}


def _may_be_of(row: AuditRow, job: Job) -> bool:
    """Return whether a row may be of a job: the row is written just before the job's end."""
    is_same = (job.operation, str(job.actor)) == (row.operation, str(row.actor))
    return is_same and job.created_at <= row.time <= job.updated_at


def _own(operation: Operation) -> str:
    return operation.path.split("/")[1]


def _place(noun: str) -> str:
    return f"{noun}s".replace("_", "-")


def _makes_or_removes(operation: Operation) -> bool:
    removes = operation.effect is Effect.DESTROY and operation.noun == ENVIRONMENTS
    return removes or Scope.NEW_ENVIRONMENT in operation.scopes
