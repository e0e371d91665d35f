"""Every operation of the registry as a route below `/api`."""

import functools
import re
from collections.abc import Callable
from typing import cast

from flask import Blueprint, Response, request
from flask.blueprints import BlueprintSetupState

from oduflow.blueprints.auth import authenticate_rest
from oduflow.blueprints.context import EXTENSION, Context, context
from oduflow.blueprints.rest.answers import answer
from oduflow.blueprints.rest.arguments import read_arguments
from oduflow.blueprints.rest.openapi import describe
from oduflow.blueprints.rest.waiting import asked_wait
from oduflow.blueprints.room import room_for
from oduflow.blueprints.trail import refusals_remembered
from oduflow.kernel.call import Origin
from oduflow.kernel.operation import Operation
from oduflow.kernel.registry import Registry

FACE = "rest"
APART = frozenset({"credentials"})  # nouns that a blueprint of their own serves

blueprint = Blueprint(FACE, __name__, url_prefix="/api")


def call(operation: Operation, **path: str) -> Response:
    """Run one operation for whoever asks.

    A slow one answers 202 and the job's address, unless the caller would rather wait, has room
    to, and the job is finished by then.

    Raises:
        RateLimited: it may keep its thread long, and too many do already.
    """
    actor = authenticate_rest()
    runner = context().runner
    with refusals_remembered(operation.name, actor):
        raw = read_arguments(operation, path)
    wait = asked_wait(request.headers.get("Prefer", "")) if operation.slow else 0
    with room_for(operation, raw, actor) as slot:
        if wait and not slot.take():
            wait = 0
        origin = Origin(FACE, request.remote_addr or "")
        envelope = runner.call(operation.name, raw, actor, origin, wait=wait)
    response = answer(operation, envelope, runner.registry)
    if wait:
        response.headers["Preference-Applied"] = f"wait={wait}"
    return response


def _document_of(registry: Registry) -> Callable[[], dict[str, object]]:
    describe_once = functools.cache(lambda: describe(registry))

    def document() -> dict[str, object]:
        authenticate_rest()
        return describe_once()

    return document


def add_operations(state: BlueprintSetupState, noun: Callable[[str], bool]) -> None:
    """Add the operations of some nouns to a blueprint, as they are declared.

    Args:
        state: the blueprint on its application.
        noun: whether a noun's operations belong to it.
    """
    for operation in _registry(state):
        if noun(operation.noun):
            state.add_url_rule(
                re.sub(r"{(\w+)}", r"<\1>", operation.path),
                operation.name,
                functools.partial(call, operation),
                methods=[operation.method],
                provide_automatic_options=False,
            )


@blueprint.record
def _add_routes(state: BlueprintSetupState) -> None:
    add_operations(state, lambda noun: noun not in APART)
    document = _document_of(_registry(state))
    state.add_url_rule("/openapi.json", "openapi", document, provide_automatic_options=False)


def _registry(state: BlueprintSetupState) -> Registry:
    return cast("Context", state.app.extensions[EXTENSION]).runner.registry
