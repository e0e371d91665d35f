"""Jobs: slow operations that continue after the request."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints

from oduflow.domain.access import Actor
from oduflow.domain.outcome import Model, Status
from oduflow.domain.output import HANDLE

ENVIRONMENT = "environment"  # the noun
MAX_WAIT_SECONDS = 45
JOBS_KEPT = timedelta(days=30)  # after their end
RUNS_CODE = frozenset({"execute_sql", "run_command", "run_odoo_shell"})
"""The operations that run what a caller wrote: what it did by then stays when they are cut off."""
FOR_WRITERS = RUNS_CODE | {"take_screenshot"}
"""The operations whose results may show any data, and are for callers that may write."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The current step of a job: its name, its number of the total, and a message."""

    step: str
    message: str
    done: int
    total: int


class Resource(Model):
    """One thing of a team: its noun, such as `template`, and its name."""

    noun: str
    name: str


@dataclass(frozen=True, slots=True)
class Subject:
    """What a job is about, and what it locks.

    Attributes:
        noun: `environment`, `template`, `extra_repo`, …
        name: the name of that environment, template, ….
        holds: everything that the job locks, first what it is about; a copy locks two environments.
        environment_id: the id of the environment that it is about; empty while that is created.
    """

    noun: str
    name: str
    holds: tuple[Resource, ...] = ()
    environment_id: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """One row of the store: the operation, its caller, its progress, and its result.

    Attributes:
        target: the name of what the job is about.
        environment: the id of the environment that the job is about; empty if it is about none.
        noun: the kind of resource that `target` names, such as `environment`.
        holds: everything that the job locks, first what it is about.
        result: the envelope as JSON once the job is finished, else None.
        position: the place in the queue for a boot slot: 1 is next, 0 is not waiting.
        holder: the process id of the owner; only its file lock shows whether it is alive.
    """

    id: str
    operation: str
    target: str
    actor: Actor
    face: str
    status: Status
    created_at: datetime
    updated_at: datetime
    progress: Progress | None = None
    position: int = 0
    result: dict[str, Any] | None = None
    cancel_requested: bool = False
    holder: int = 0
    environment: str = ""
    noun: str = ""
    holds: tuple[Resource, ...] = ()

    @property
    def environment_name(self) -> str:
        """The name of the first environment that the job locks; empty if it locks none."""
        return next((each.name for each in self.holds if each.noun == ENVIRONMENT), "")

    @property
    def also_holds(self) -> tuple[Resource, ...]:
        """What the job locks besides what it is about, such as the copy of an environment."""
        return tuple(each for each in self.holds if (each.noun, each.name) != self._about)

    @property
    def _about(self) -> tuple[str, str]:
        return self.noun, self.target


JobId = Annotated[
    str,
    StringConstraints(pattern=HANDLE),
    Field(description="The job's handle."),
]


class JobHandle(Model):
    """One job, by its handle."""

    job: JobId


class WaitForJob(JobHandle):
    """How long to wait for a job."""

    seconds: Annotated[
        int,
        Field(ge=0, description="Longest wait.", json_schema_extra={"maximum": MAX_WAIT_SECONDS}),
        # A longer wait is cut: its answer says that the job runs, as the answer to any wait may.
        AfterValidator(lambda seconds: min(seconds, MAX_WAIT_SECONDS)),
    ] = MAX_WAIT_SECONDS


class JobView(Model):
    """A job as callers see it. Times are RFC 3339 in UTC; `result` is its finished envelope.

    `noun` is the kind of resource that `target` names; `holds` is everything that the job locks,
    `environment` the first environment of it. `cancellable` is whether cancel_job stops it;
    deletions and finished jobs cannot be cancelled.
    """

    job: str
    operation: str
    noun: str
    target: str
    environment: str | None = None
    holds: tuple[Resource, ...] = ()
    status: Status
    created_by: str
    created_at: str
    updated_at: str
    step: str | None = None
    message: str | None = None
    done: int | None = None
    total: int | None = None
    position: int | None = None
    cancellable: bool
    result: dict[str, Any] | None = None


class JobList(Model):
    """The team's latest jobs, newest first."""

    jobs: tuple[JobView, ...]


class ListJobs(Model):
    """Which jobs to list."""

    active: Annotated[bool, Field(description="Only jobs that are not finished.")] = False
    limit: Annotated[int, Field(ge=1, le=200, description="How many at most.")] = 50
