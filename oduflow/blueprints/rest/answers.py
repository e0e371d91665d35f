"""Turn an operation's envelope into an HTTP response."""

from http import HTTPStatus
from typing import Any

from flask import Response

from oduflow.blueprints.errors import Problem, answer_problem
from oduflow.domain.outcome import FINISHED, Envelope
from oduflow.kernel.operation import Operation
from oduflow.kernel.registry import Registry


def answer(operation: Operation, envelope: Envelope[Any], registry: Registry) -> Response:
    """Return the HTTP response to an envelope: done, created, still running, or failed."""
    job = f"/api/jobs/{envelope.job}" if envelope.job else None
    if envelope.error is not None:
        return answer_problem(Problem.of(envelope.error, instance=job))
    response = Response(envelope.model_dump_json(), mimetype="application/json")
    if envelope.status in FINISHED:
        response.status_code = success_status(operation, registry)
    else:
        response.status_code = HTTPStatus.ACCEPTED
        response.headers["Location"] = job
    return response


def success_status(operation: Operation, registry: Registry) -> HTTPStatus:
    """Return 201 where a POST adds to a collection that GET lists, else 200.

    A finished job is always 200: its envelope does not show whether it created the thing or found
    it there.
    """
    adds = operation.method == "POST" and any(
        other.method == "GET" and other.path == operation.path for other in registry
    )
    return HTTPStatus.CREATED if adds and not operation.slow else HTTPStatus.OK
