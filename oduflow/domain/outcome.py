"""The results of operations: a handler's outcome, and the envelope that every face returns."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Generic, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict

from oduflow.domain.clock import rfc3339
from oduflow.domain.errors import Failure, Kind
from oduflow.domain.excerpt import excerpt
from oduflow.domain.next_call import Next, without_texts


class Status(StrEnum):
    """The status of a call or a job."""

    CANCELLED = "cancelled"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    OK = "ok"
    QUEUED = "queued"
    RUNNING = "running"


FINISHED = frozenset({Status.OK, Status.FAILED, Status.CANCELLED, Status.INTERRUPTED})

WHOLE_TEXT = "whole text"
"""Marks the field of a view that is a text of its own, such as a log or a file."""

T = TypeVar("T", bound=BaseModel)


class Model(BaseModel):
    """Base class of every input and view: refuses unknown fields and is immutable."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,  # it may be a secret
        str_strip_whitespace=True,
    )

    @classmethod
    def from_row(cls, row: object, **fields: Any) -> Self:
        """Make a view of `fields`, and of the row's attributes that have the name of another field.

        Times become RFC 3339 in UTC.
        """
        for name in cls.model_fields.keys() - fields.keys():
            if hasattr(row, name):
                value = getattr(row, name)
                fields[name] = rfc3339(value) if isinstance(value, datetime) else value
        return cls(**fields)


class Nothing(Model):
    """No arguments, or no data."""


class ErrorView(Model):
    """A failure as a caller sees it: kind, message, hint, next calls, the last lines of a log.

    `handle` is that of the whole output, where `output` is a part of it that was stored.
    """

    kind: Kind
    message: str
    hint: str = ""
    output: str = ""
    handle: str | None = None
    next: tuple[Next, ...] = ()

    @classmethod
    def of(cls, failure: Failure) -> "ErrorView":
        """Return the view of a failure, with at most 8,000 characters of its output."""
        return cls.from_row(failure, output=excerpt(failure.output), handle=failure.handle or None)


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """A handler's result: the view, and what the caller should know besides.

    Attributes:
        data: the typed view.
        summary: one sentence that begins with the result.
        warnings: problems that did not fail the call.
        next: calls that are worth making next.
        output: a long text that the view shows a part of; the runner stores the whole.
        image: a PNG image that belongs to the answer; the runner stores it.
        stored_image: the handle of one that is stored already.
        snapshot: name of the snapshot that was taken before the work.
        truncated: whether the view shows a part only.
        status: how the work ended that the view is about, such as the job of wait_for_job.
        error: why that work failed.
    """

    data: T
    summary: str
    warnings: tuple[str, ...] = ()
    next: tuple[Next, ...] = ()
    output: str = ""
    image: bytes = b""
    stored_image: str = ""
    snapshot: str = ""
    truncated: bool = False
    status: Status = Status.OK
    error: ErrorView | None = None


class Envelope(Model, Generic[T]):
    """The one shape of every answer, in REST bodies and MCP structured content.

    `output` is the handle of the whole text where the answer is `truncated`, `image` that of a PNG
    image; read_output shows either.
    """

    status: Status
    summary: str
    data: T | None = None
    error: ErrorView | None = None
    warnings: tuple[str, ...] = ()
    next: Annotated[tuple[Next, ...], BeforeValidator(without_texts)] = ()
    job: str | None = None
    output: str | None = None
    image: str | None = None
    truncated: bool | None = None
    snapshot: str | None = None
