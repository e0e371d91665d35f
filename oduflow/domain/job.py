"""Jobs: slow operations that continue after the request."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from oduflow.domain.access import Actor
from oduflow.domain.outcome import Model, Status
from oduflow.domain.output import HANDLE


@dataclass(frozen=True, slots=True)
class Progress:
    """The current step of a job: its name, its number of the total, and a message."""

    step: str
    message: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Subject:
    """What a job is about.

    Attributes:
        noun: `environment`, `template`, `extra_repo`, …
        name: the name of that environment, template, ….
        environment: the name of the environment that the job locks; empty if it locks none.
        environment_id: the id of that environment; empty also while it is being created.
    """

    noun: str
    name: str
    environment: str = ""
    environment_id: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """One row of the store: the operation, its caller, its progress, and its result.

    Attributes:
        target: the name of what the job is about.
        environment: the id of the environment that the job is about; empty if it is about none.
        environment_name: the name of the environment that the job locks; empty if it locks none.
        noun: the kind of resource that `target` names, such as `environment`.
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
    environment_name: str = ""
    noun: str = ""


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

    seconds: Annotated[int, Field(ge=0, le=45, description="Longest wait.")] = 45


class JobView(Model):
    """A job as callers see it. Times are RFC 3339 in UTC; `result` is its finished envelope.

    `noun` is the kind of resource that `target` names; `environment` is the environment that the
    job locks. `cancellable` is whether cancel_job stops it; deletions and finished jobs cannot be
    cancelled.
    """

    job: str
    operation: str
    noun: str
    target: str
    environment: str | None = None
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
