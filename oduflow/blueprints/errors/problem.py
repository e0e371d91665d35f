"""Problem details: the one shape of a failure over HTTP (RFC 9457)."""

from http import HTTPStatus
from typing import Annotated, Literal

from pydantic import Field
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from oduflow.blueprints.errors.statuses import STATUS_OF, kind_of
from oduflow.domain.errors import Kind
from oduflow.domain.outcome import ErrorView, Model

MEDIA_TYPE = "application/problem+json"

_DETAILS = {
    HTTPStatus.NOT_FOUND: "There is nothing here.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This method does nothing here.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is larger than this server reads.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "A defect of ours; nothing more is known here.",
}
_HINTS = {
    HTTPStatus.NOT_FOUND: "The dashboard starts at /, and /api/openapi.json describes the API.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "The server's log has the traceback; please report it.",
}


class Problem(Model):
    """What went wrong, and what to do about it."""

    type: Annotated[
        Literal["about:blank"], Field(description="The status and `kind` say all about the type.")
    ] = "about:blank"
    title: Annotated[str, Field(description="The status in words.")]
    status: Annotated[int, Field(ge=400, le=599, description="The HTTP status.")]
    detail: Annotated[str, Field(description="What went wrong, in one sentence.")]
    kind: Annotated[Kind, Field(description="The name of the failure, the same on every face.")]
    hint: Annotated[str, Field(description="The next step, empty when there is none.")] = ""
    output: Annotated[str, Field(description="Last lines of a log: data, not prose.")] = ""
    instance: Annotated[
        str | None, Field(description="The job that failed, where there is one.")
    ] = None

    @classmethod
    def of(cls, error: ErrorView, instance: str | None = None) -> "Problem":
        """Show a failure of the product."""
        status = STATUS_OF[error.kind]
        return cls(
            title=status.phrase,
            status=status,
            detail=error.message,
            kind=error.kind,
            hint=error.hint,
            output=error.output,
            instance=instance,
        )

    @classmethod
    def of_http(cls, error: HTTPException) -> "Problem":
        """Show an error that HTTP itself names, in our words where werkzeug's are long-winded."""
        status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
        hint = _HINTS.get(status, "")
        if isinstance(error, MethodNotAllowed) and error.valid_methods:
            hint = f"It allows {', '.join(sorted(error.valid_methods))}."
        return cls(
            title=status.phrase,
            status=status,
            detail=_DETAILS.get(status) or error.description or status.phrase,
            kind=kind_of(status),
            hint=hint,
        )
