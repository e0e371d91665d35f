"""Problem details: the body of every error response (RFC 9457)."""

from http import HTTPStatus
from typing import Annotated, Literal

from pydantic import Field
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from oduflow.blueprints.errors.statuses import STATUS_OF, kind_of
from oduflow.domain.errors import Kind
from oduflow.domain.outcome import ErrorView, Model

MEDIA_TYPE = "application/problem+json"

MAX_PATH = 200  # characters of the request's path in a detail

# In place of werkzeug's longer descriptions.
_DETAILS = {
    HTTPStatus.NOT_FOUND: "Not found: {path}",
    HTTPStatus.METHOD_NOT_ALLOWED: "This method is not allowed at {path} .",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is larger than this server reads.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Internal error: a defect of Oduflow.",
}
_HINTS = {
    HTTPStatus.NOT_FOUND: "The dashboard starts at /, and /api/openapi.json describes the API.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "The server's log has the traceback; please report it.",
}


class Problem(Model):
    """A failure: what went wrong, and the next step."""

    type: Annotated[
        Literal["about:blank"], Field(description="Always `about:blank`; `kind` names the type.")
    ] = "about:blank"
    title: Annotated[str, Field(description="The status in words.")]
    status: Annotated[int, Field(ge=400, le=599, description="The HTTP status.")]
    detail: Annotated[str, Field(description="What went wrong, in one sentence.")]
    kind: Annotated[Kind, Field(description="The kind of the failure, the same on every face.")]
    hint: Annotated[str, Field(description="The next step, empty when there is none.")] = ""
    output: Annotated[str, Field(description="Last lines of a log, as data.")] = ""
    instance: Annotated[str | None, Field(description="URL of the failed job, if any.")] = None

    @classmethod
    def of(cls, error: ErrorView, instance: str | None = None) -> "Problem":
        """Return the problem of a product failure."""
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
    def of_http(cls, error: HTTPException, path: str) -> "Problem":
        """Return the problem of an HTTP error at a path of ours."""
        status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
        hint = _HINTS.get(status, "")
        if isinstance(error, MethodNotAllowed) and error.valid_methods:
            hint = f"Allowed: {', '.join(sorted(error.valid_methods))}."
        title, detail = status.phrase, _DETAILS.get(status)
        return cls(
            title=title,
            status=status,
            detail=detail.format(path=path[:MAX_PATH]) if detail else error.description or title,
            kind=kind_of(status),
            hint=hint,
        )
