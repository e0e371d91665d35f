"""Turn failures into responses: a page for people, problem details for programs (RFC 9457).

Responses contain only the failure's message and hint. The traceback and the cause are logged.
"""

import json
import logging
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Annotated, Literal

from flask import Flask, Response, make_response, render_template, request
from pydantic import Field
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.sansio.response import Response as AnyResponse

from oduflow.blueprints.auth.requests import (
    API,
    OAUTH,
    UPLOADS,
    NotSignedIn,
    is_below,
    wants_page,
)
from oduflow.domain.errors import Failure, Kind, RateLimited
from oduflow.domain.excerpt import one_line
from oduflow.domain.next_call import Next, hint_with_calls
from oduflow.domain.oauth import error_description
from oduflow.domain.outcome import ErrorView, Model

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
MAX_PATH = 200  # characters of the request's path in a detail

STATUS_OF: Mapping[Kind, HTTPStatus] = MappingProxyType(
    {
        Kind.BUSY: HTTPStatus.LOCKED,
        Kind.CANCELLED: HTTPStatus.CONFLICT,
        Kind.CONFLICT: HTTPStatus.CONFLICT,
        Kind.FORBIDDEN: HTTPStatus.FORBIDDEN,
        Kind.INTERNAL: HTTPStatus.INTERNAL_SERVER_ERROR,
        Kind.INVALID: HTTPStatus.UNPROCESSABLE_ENTITY,
        Kind.NOT_FOUND: HTTPStatus.NOT_FOUND,
        Kind.QUOTA: HTTPStatus.FORBIDDEN,
        Kind.RATE_LIMITED: HTTPStatus.TOO_MANY_REQUESTS,
        Kind.UNAUTHENTICATED: HTTPStatus.UNAUTHORIZED,
        Kind.UPSTREAM: HTTPStatus.BAD_GATEWAY,
    }
)
OAUTH_ERRORS: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.BUSY: "temporarily_unavailable",
        Kind.FORBIDDEN: "access_denied",
        Kind.INTERNAL: "server_error",
        Kind.RATE_LIMITED: "temporarily_unavailable",
        Kind.UNAUTHENTICATED: "invalid_client",
        Kind.UPSTREAM: "server_error",
    }
)
_KIND_OF: Mapping[HTTPStatus, Kind] = MappingProxyType(
    {
        HTTPStatus.UNAUTHORIZED: Kind.UNAUTHENTICATED,
        HTTPStatus.FORBIDDEN: Kind.FORBIDDEN,
        HTTPStatus.NOT_FOUND: Kind.NOT_FOUND,
        HTTPStatus.SERVICE_UNAVAILABLE: Kind.BUSY,
        HTTPStatus.TOO_MANY_REQUESTS: Kind.RATE_LIMITED,
    }
)
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


def kind_of(status: HTTPStatus) -> Kind:
    """Return the kind of an HTTP error; the default is `invalid` below 500, else `internal`."""
    default = Kind.INVALID if status < HTTPStatus.INTERNAL_SERVER_ERROR else Kind.INTERNAL
    return _KIND_OF.get(status, default)


class Problem(Model):
    """The body of every error response: what went wrong, and the next step."""

    type: Annotated[
        Literal["about:blank"], Field(description="Always `about:blank`; `kind` names the type.")
    ] = "about:blank"
    title: Annotated[str, Field(description="The status in words.")]
    status: Annotated[int, Field(ge=400, le=599, description="The HTTP status.")]
    detail: Annotated[str, Field(description="What went wrong, in one sentence.")]
    kind: Annotated[Kind, Field(description="The kind of the failure, the same on every face.")]
    hint: Annotated[str, Field(description="The next step, empty when there is none.")] = ""
    next: Annotated[tuple[Next, ...], Field(description="Calls that are worth making next.")] = ()
    output: Annotated[str, Field(description="Last lines of a log, as data.")] = ""
    snapshot: Annotated[
        str | None, Field(description="Snapshot that was taken before the work, if any.")
    ] = None
    image: Annotated[str | None, Field(description="Handle of an image, if any.")] = None
    instance: Annotated[str | None, Field(description="URL of the failed job, if any.")] = None

    @classmethod
    def of(
        cls,
        error: ErrorView,
        instance: str | None = None,
        snapshot: str | None = None,
        image: str | None = None,
    ) -> "Problem":
        """Return the problem of a product failure."""
        status = STATUS_OF[error.kind]
        return cls(
            title=status.phrase,
            status=status,
            detail=error.message,
            kind=error.kind,
            hint=error.hint,
            next=error.next,
            output=error.output,
            snapshot=snapshot,
            image=image,
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


def answer_failures(app: Flask) -> None:
    """Register the error handlers of an application."""
    app.register_error_handler(Failure, answer_failure)
    app.register_error_handler(HTTPException, _answer_http)


def answer_failure(failure: Failure) -> Response:
    """Return the response to a product failure; one with a status of 500 or above is logged."""
    problem = Problem.of(ErrorView.of(failure), snapshot=failure.snapshot or None)
    if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        # The path is decoded: a %0a in it has become a line break.
        path, message = one_line(request.path), one_line(failure.message)
        details = (request.method, path, message, failure.__cause__)
        log.warning("%s %s: %s (cause: %r)", *details)
    response = answer_problem(problem)
    if isinstance(failure, NotSignedIn):
        response.headers["WWW-Authenticate"] = failure.challenge
    if isinstance(failure, RateLimited):
        response.headers["Retry-After"] = str(failure.retry_after)
    return response


def answer_problem(problem: Problem) -> Response:
    """Return a problem as a page or as JSON, depending on the path and the client."""
    if wants_page():
        return make_response(render_template("error.html", problem=problem), problem.status)
    if any(map(is_below, OAUTH)):
        return _answer_oauth(problem)
    media_type = MEDIA_TYPE if is_below(API) or is_below(UPLOADS) else "application/json"
    told = {"hint": hint_with_calls(problem.hint, problem.next)}
    body = problem.model_copy(update=told).model_dump_json(exclude_none=True)
    return Response(body, problem.status, mimetype=media_type)


def _answer_oauth(problem: Problem) -> Response:
    """Return a problem in the form that OAuth clients read (RFC 6749, 5.2; RFC 7591, 3.2.2)."""
    body = {
        "error": OAUTH_ERRORS.get(problem.kind, "invalid_request"),
        "error_description": error_description(f"{problem.detail} {problem.hint}".strip()),
    }
    return Response(json.dumps(body), problem.status, mimetype="application/json")


def _answer_http(error: HTTPException) -> AnyResponse:
    plain = error.get_response()
    if plain.status_code < HTTPStatus.BAD_REQUEST:
        return plain
    problem = Problem.of_http(error, request.path)
    response = answer_problem(problem)
    for name in ("Allow", "Retry-After"):
        if name in plain.headers:
            response.headers[name] = plain.headers[name]
    return response
