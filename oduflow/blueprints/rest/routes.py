"""REST: every operation of the registry as a route below `/api`."""

import functools
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, cast

from flask import Blueprint, Response, request
from flask.blueprints import BlueprintSetupState

from oduflow.blueprints.audit import audited_refusals
from oduflow.blueprints.auth import authenticate_rest
from oduflow.blueprints.context import EXTENSION, Context, context
from oduflow.blueprints.errors import Problem, answer_problem
from oduflow.blueprints.rest.arguments import JSON, preferred_wait, read_arguments
from oduflow.blueprints.rest.openapi import describe, success_status
from oduflow.blueprints.wait_limits import WaitKind
from oduflow.domain.outcome import FINISHED, Envelope
from oduflow.kernel.call import Origin
from oduflow.kernel.operation import Operation
from oduflow.kernel.registry import Registry

FACE = "rest"
PNG = "image/png"
CREDENTIALS = "credentials"  # the noun that a blueprint of its own serves, also in the metrics


def operations_blueprint(name: str, serves: Callable[[str], bool]) -> Blueprint:
    """Return a blueprint with the routes of the operations of the nouns that it serves."""
    blueprint = Blueprint(name, __name__, url_prefix="/api")

    @blueprint.record
    def add_routes(state: BlueprintSetupState) -> None:
        for operation in _registry(state):
            if serves(operation.noun):
                state.add_url_rule(
                    re.sub(r"{(\w+)}", r"<\1>", operation.path),
                    operation.name,
                    functools.partial(call, operation),
                    methods=[operation.method],
                    provide_automatic_options=False,
                )

    return blueprint


blueprint = operations_blueprint(FACE, lambda noun: noun != CREDENTIALS)
credentials = operations_blueprint(CREDENTIALS, lambda noun: noun == CREDENTIALS)


@blueprint.record
def _add_description(state: BlueprintSetupState) -> None:
    describe_once = functools.cache(functools.partial(describe, _registry(state)))

    def document() -> dict[str, object]:
        authenticate_rest()
        return describe_once()

    state.add_url_rule("/openapi.json", "openapi", document, provide_automatic_options=False)


def call(operation: Operation, **path: str) -> Response:
    """Run one operation for the caller.

    A slow operation answers 202 and the job's URL at once. It waits for the job's end where the
    caller prefers that (`Prefer: wait`) and a thread may wait.

    Raises:
        RateLimited: too many calls of the team hold a thread already, or the call may hold its
            thread for long, and too many do.
    """
    actor = authenticate_rest()
    context().begin_call(actor.team)
    runner = context().runner
    with context().wait_limiter.permit(actor, WaitKind.CALL) as permit:
        with audited_refusals(operation.name, actor):
            permit.begin()
            raw = read_arguments(operation, path)
            permit.take_for(operation, raw)
        wait = preferred_wait(request.headers.get("Prefer", "")) if operation.slow else 0
        if wait and not permit.take():
            wait = 0
        origin = Origin(FACE, request.remote_addr or "")
        envelope = runner.call(operation.name, raw, actor, origin, wait=wait)
    response = _image(actor.team, envelope) or answer(operation, envelope, runner.registry)
    if wait:
        response.headers["Preference-Applied"] = f"wait={wait}"
    return response


def _image(team: str, envelope: Envelope[Any]) -> Response | None:
    """Return the image of an answer to a client that prefers one to JSON; None if there is none."""
    preferred = request.accept_mimetypes.best_match([JSON, PNG])
    if preferred != PNG or envelope.image is None or envelope.error is not None:
        return None
    content = context().runner.image(team, envelope.image)
    return None if content is None else Response(content, mimetype=PNG)


def _registry(state: BlueprintSetupState) -> Registry:
    return cast("Context", state.app.extensions[EXTENSION]).runner.registry


def answer(operation: Operation, envelope: Envelope[Any], registry: Registry) -> Response:
    """Return the HTTP response to an envelope: done, created, still running, or failed."""
    job = f"/api/jobs/{envelope.job}" if envelope.job else None
    if envelope.error is not None and operation.slow:
        problem = Problem.of(envelope.error, job, envelope.snapshot, envelope.image)
        return answer_problem(problem)
    response = Response(envelope.model_dump_json(), mimetype="application/json")
    if envelope.status in FINISHED or not operation.slow:
        response.status_code = success_status(operation, registry)
    else:
        response.status_code = HTTPStatus.ACCEPTED
        response.headers["Location"] = job
    return response
