"""What calls have changed, for those who follow it: read from the audit log and the jobs.

Both are written by every process, so a change by the command line is seen as one by this server
is. A call that only reads changes nothing; what Odoo or Docker does by itself is not seen.
"""

import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from oduflow.domain.access import Scope
from oduflow.domain.audit.rows import REFUSALS, AuditRow
from oduflow.domain.job import Job
from oduflow.kernel.operation import NOUN_OF, Effect, Operation
from oduflow.kernel.ports import AuditSink, JobStore
from oduflow.kernel.registry import Registry

JOBS = "jobs"
ENVIRONMENTS = "environments"


@dataclass(frozen=True, slots=True)
class ChangedThing:
    """One changed thing.

    Attributes:
        place: the first part of its REST path, such as `environments`.
        name: its name, or a job's handle; None when any of them may have changed.
    """

    place: str
    name: str | None = None


AUDIT = ChangedThing("audit")
LISTED = ChangedThing(ENVIRONMENTS, "")  # an environment came or went; no environment has this name


class ChangeFeed:
    """Tells which things of teams have changed since it was asked last; safe from any thread."""

    def __init__(self, registry: Registry, audit: AuditSink, jobs: JobStore) -> None:
        self._operations: Mapping[str, Operation] = {each.name: each for each in registry}
        self._audit = audit
        self._store = jobs
        self._newest: dict[str, int] = {}
        self._jobs: dict[str, Job] = {}
        self._guard = threading.Lock()

    def begin(self, team: str) -> None:
        """Follow a team from now on; a second call changes nothing."""
        with self._guard:
            if team not in self._newest:
                self._newest[team] = self._audit.newest(team)
                unfinished = self._store.unfinished()
                self._jobs |= {each.id: each for each in unfinished if each.actor.team == team}

    @property
    def teams(self) -> frozenset[str]:
        """The teams that are followed."""
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
            found: dict[str, set[ChangedThing]] = {team: set() for team in self._newest}
            newest = dict(self._newest)
            for team, changes in found.items():
                for each in self._audit.after(team, newest[team]):
                    changes.add(AUDIT)
                    changes.update(self._of_row(each.row))
                    newest[team] = each.number
            unfinished = self._store.unfinished()
            # Nothing is forgotten before all is read: a look that failed is made again.
            self._newest = newest
            self._look_at_jobs(found, {each.id: each for each in unfinished})
            return {team: frozenset(changes) for team, changes in found.items() if changes}

    def _of_row(self, row: AuditRow) -> Iterator[ChangedThing]:
        """Return what an audited call changed; a refusal or a read changed nothing."""
        operation = self._operations.get(row.operation)
        if operation is None or operation.effect is Effect.READ or row.outcome in REFUSALS:
            return
        if operation.slow:
            yield ChangedThing(JOBS)
        if _makes_or_removes(operation):
            yield LISTED
        own = operation.path.split("/")[1]
        if not operation.holds:
            yield ChangedThing(own)
        for field, scope in operation.holds.items():
            name = row.fields.get(field)
            if name != "":  # a resource that the call did not lock
                place = own if field == "name" else _place(NOUN_OF[scope])
                yield ChangedThing(place, name and str(name))

    def _look_at_jobs(
        self, found: Mapping[str, set[ChangedThing]], unfinished: Mapping[str, Job]
    ) -> None:
        now = {id_: each for id_, each in unfinished.items() if each.actor.team in found}
        for id_ in now.keys() | self._jobs.keys():
            before, after = self._jobs.get(id_), now.get(id_)
            job = after or before
            if job is None or (before and after and before.updated_at == after.updated_at):
                continue
            changes = found[job.actor.team]
            changes.add(ChangedThing(JOBS, id_))
            if before is None or after is None:
                changes.update(ChangedThing(_place(each.noun), each.name) for each in job.holds)
                operation = self._operations.get(job.operation)
                if operation is not None and _makes_or_removes(operation):
                    changes.add(LISTED)
        self._jobs = now


def touches(changes: Iterable[ChangedThing], place: str, name: str | None) -> bool:
    """Return whether one of the changes is about a thing, or about a list, whose name is None."""
    return any(
        each.place == place and (name is None or each.name is None or each.name == name)
        for each in changes
    )


def _place(noun: str) -> str:
    return f"{noun}s".replace("_", "-")


def _makes_or_removes(operation: Operation) -> bool:
    removes = operation.effect is Effect.DESTROY and operation.noun == ENVIRONMENTS
    return removes or Scope.NEW_ENVIRONMENT in operation.scopes
