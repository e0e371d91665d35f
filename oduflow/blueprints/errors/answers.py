"""Turn failures into responses: a page for people, problem details for programs.

Responses contain only the failure's message and hint. The traceback and the cause are logged.
"""

import logging
from http import HTTPStatus

from flask import Flask, Response, current_app, make_response, render_template, request
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
    """Register the error handlers of an application."""
    app.register_error_handler(Failure, answer_failure)
    app.register_error_handler(HTTPException, _answer_http)


def answer_failure(failure: Failure) -> Response:
    """Return the response to a product failure; one with a status of 500 or above is logged."""
    problem = Problem.of(ErrorView.of(failure))
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
    if _wants_page():
        return make_response(render_template("error.html", problem=problem), problem.status)
    media_type = MEDIA_TYPE if _is_below(API) else "application/json"
    body = problem.model_dump_json(exclude_none=True)
    return Response(body, problem.status, mimetype=media_type)


def _answer_http(error: HTTPException) -> AnyResponse:
    plain = error.get_response()
    if plain.status_code < HTTPStatus.BAD_REQUEST:
        return plain
    problem = Problem.of_http(error, request.path)
    if problem.status == HTTPStatus.NOT_FOUND and (path := _route_without_slash()):
        problem = problem.model_copy(update={"hint": f"Did you mean {path}?"})
    response = answer_problem(problem)
    for name in ("Allow", "Retry-After"):
        if name in plain.headers:
            response.headers[name] = plain.headers[name]
    return response


def _route_without_slash() -> str:
    """Return the path without its trailing slash if there is a route, else an empty text."""
    path = request.path.rstrip("/")
    adapter = current_app.create_url_adapter(request)
    is_route = adapter is not None and adapter.test(path, request.method)
    return path if path != request.path and is_route else ""


def _wants_page() -> bool:
    if any(map(_is_below, _PROGRAMS)):
        return False
    if "HX-Request" in request.headers:  # htmx accepts */* and shows the response
        return True
    offered = ("application/json", "text/html")
    return request.accept_mimetypes.best_match(offered, offered[0]) == "text/html"


def _is_below(prefix: str) -> bool:
    return request.path == prefix or request.path.startswith(f"{prefix}/")
