"""Turn failures into answers: a page for people, problem details for programs.

No traceback leaves: what a failure may show is in its message, the rest is in the log.
"""

import logging
from http import HTTPStatus

from flask import Flask, Response, make_response, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.sansio.response import Response as AnyResponse

from oduflow.blueprints.auth.requests import NotSignedIn
from oduflow.blueprints.errors.problem import MEDIA_TYPE, Problem
from oduflow.domain.errors import Failure, RateLimited
from oduflow.domain.excerpt import one_line
from oduflow.domain.outcome import ErrorView

API = "/api"
_PROGRAMS = (API, "/mcp", "/.well-known", "/healthz", "/readyz", "/metrics")

log = logging.getLogger(__name__)


def answer_failures(app: Flask) -> None:
    """Let the application answer every failure in the form that its caller reads."""
    app.register_error_handler(Failure, answer_failure)
    app.register_error_handler(HTTPException, _answer_http)


def answer_failure(failure: Failure) -> Response:
    """Answer a failure of the product; a failure of ours is told to the log as well."""
    problem = Problem.of(ErrorView.of(failure))
    if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        # The path is decoded by now: a %0a in it is a line's end.
        path, message = one_line(request.path), one_line(failure.message)
        told = (request.method, path, message, failure.__cause__)
        log.warning("%s %s: %s (cause: %r)", *told)
    response = answer_problem(problem)
    if isinstance(failure, NotSignedIn):
        response.headers["WWW-Authenticate"] = failure.challenge
    if isinstance(failure, RateLimited):
        response.headers["Retry-After"] = str(failure.retry_after)
    return response


def answer_problem(problem: Problem) -> Response:
    """Answer a problem in the form that suits the path and the client."""
    if _wants_page():
        return make_response(render_template("error.html", problem=problem), problem.status)
    media_type = MEDIA_TYPE if _is_below(API) else "application/json"
    body = problem.model_dump_json(exclude_none=True)
    return Response(body, problem.status, mimetype=media_type)


def _answer_http(error: HTTPException) -> AnyResponse:
    plain = error.get_response()
    if plain.status_code < HTTPStatus.BAD_REQUEST:
        return plain
    response = answer_problem(Problem.of_http(error))
    for name in ("Allow", "Retry-After"):
        if name in plain.headers:
            response.headers[name] = plain.headers[name]
    return response


def _wants_page() -> bool:
    if any(map(_is_below, _PROGRAMS)):
        return False
    if "HX-Request" in request.headers:  # htmx asks for */* and shows what it gets
        return True
    offered = ("application/json", "text/html")
    return request.accept_mimetypes.best_match(offered, offered[0]) == "text/html"


def _is_below(prefix: str) -> bool:
    return request.path == prefix or request.path.startswith(f"{prefix}/")
