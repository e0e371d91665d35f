"""A job: a long operation that outlives the request."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from oduflow.domain.access import Actor
from oduflow.domain.outcome import Model, Status


@dataclass(frozen=True, slots=True)
class Progress:
    """One step of long work: its name, its place, and a line for people."""

    step: str
    message: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Subject:
    """What a job is about.

    Attributes:
        noun: `environment`, `template`, `extra_repo`, …
        name: its name.
        environment: the name of the environment that the job holds; empty where it holds none.
        environment_id: the id of that environment; empty also while it is being created.
    """

    noun: str
    name: str
    environment: str = ""
    environment_id: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """One row of the store: who asked for what, how far it is, and its envelope at the end.

    Attributes:
        target: name of what it is about.
        environment: id of the environment it is about; empty when it is about none in particular.
        environment_name: name of the environment that it holds; empty when it holds none.
        noun: what kind of thing `target` is, such as `environment`.
        result: the envelope as JSON once the job is finished, else None.
        position: place in the queue for a boot slot, 1 is next, 0 is not waiting.
        holder: process id of the owner; its file lock, not this number, proves that it lives.
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
    StringConstraints(pattern=r"^[a-z2-7]{12}$"),
    Field(description="Handle of the job, as the call that started it answered."),
]


class JobHandle(Model):
    """One job, by its handle."""

    job: JobId


class WaitForJob(JobHandle):
    """How long to wait for a job."""

    seconds: Annotated[int, Field(ge=0, le=45, description="Longest wait, at most 45 s.")] = 45


class JobView(Model):
    """A job as callers see it. Times are RFC 3339 in UTC; `result` is its finished envelope.

    `noun` is what kind of thing `target` names; `environment` names the environment that the job
    holds, whatever it is about. `cancellable` is whether cancel_job stops it: not a deletion, nor
    what is finished.
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
