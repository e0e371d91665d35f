"""`/mcp`: the Model Context Protocol over Streamable HTTP, both eras on one URL.

`/mcp/<environment>` serves one environment: its calls need not name the environment and cannot
reach another. It has a bridge of its own, and a session opened at one path is unknown at every
other. Clients add a slash to URLs, so both paths are served with one, too (`strict_slashes`).
`?profile=coding` shortens the list of tools, for models that choose worse among many; every tool
that the caller may call stays callable, because an answer's `next` can name any of them.
"""

import threading
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from flask import Blueprint, Flask, Response, current_app, request
from flask.blueprints import BlueprintSetupState
from werkzeug.exceptions import MethodNotAllowed

from oduflow.blueprints.audit import audited_refusals, record
from oduflow.blueprints.auth.bearer import authenticate_bearer, credential_check
from oduflow.blueprints.auth.csrf import refuse_foreign_origin
from oduflow.blueprints.context import EXTENSION as CONTEXT
from oduflow.blueprints.context import context
from oduflow.blueprints.mcp.bridge import Bridge, wait_kind
from oduflow.blueprints.mcp.exchange import Caller
from oduflow.blueprints.mcp.messages import InvalidMessage, plain_body
from oduflow.domain.access import Actor
from oduflow.domain.environment import no_environment
from oduflow.domain.errors import Invalid, Kind
from oduflow.kernel.call import Origin
from oduflow.kernel.operation import Profile
from oduflow.kernel.runner import Runner

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server

EXTENSION = "oduflow.mcp"
ONE_ENVIRONMENT = f"{EXTENSION}.one_environment"
FACE = "mcp"
MAX_NAME = 100  # characters of an unknown profile's name in the message
METHODS = ("GET", "POST", "DELETE", "OPTIONS")

blueprint = Blueprint("mcp", __name__)


class McpResponse(Response):
    """A response without a default media type: the SDK sets it."""

    default_mimetype = None


@blueprint.record_once
def _set_up(state: BlueprintSetupState) -> None:
    extensions = state.app.extensions
    runner, limiter = extensions[CONTEXT].runner, extensions[CONTEXT].wait_limiter
    extensions[EXTENSION] = Bridge(lambda: _server(runner), limiter)
    extensions[ONE_ENVIRONMENT] = Bridge(lambda: _server(runner, one_environment=True), limiter)


@blueprint.route("/mcp", methods=METHODS, provide_automatic_options=False)
def mcp() -> Response:
    """Authenticate the caller, then pass the request to the SDK.

    Raises:
        Forbidden: a page of another origin sent it.
        Unauthenticated: the token is missing or wrong; answered before any JSON-RPC.
    """
    refuse_foreign_origin()
    if _is_preflight():
        return Response(status=HTTPStatus.NO_CONTENT)
    actor = authenticate_bearer()
    return _served(EXTENSION, actor, "", credential_check(actor))


@blueprint.route("/mcp/<environment>", methods=METHODS, provide_automatic_options=False)
def mcp_one_environment(environment: str) -> Response:
    """Authenticate the caller, then pass the request to the SDK, limited to one environment.

    Raises:
        Forbidden: a page of another origin sent it.
        NotFound: the environment does not exist, or the caller may not use it.
        Unauthenticated: the token is missing or wrong; answered before the look-up.
    """
    refuse_foreign_origin()
    if _is_preflight():
        return Response(status=HTTPStatus.NO_CONTENT)
    actor, runner = authenticate_bearer(), context().runner
    # The exact name, not made a slug, so that every environment has one address only.
    target = runner.environment_id(actor.team, environment)
    if target is None or not actor.can_access(target):
        record("unknown_environment", actor, Kind.NOT_FOUND)
        raise no_environment(environment)

    is_credential_valid = credential_check(actor)

    def still_valid() -> bool:
        return is_credential_valid() and runner.environment_id(actor.team, environment) == target

    return _served(ONE_ENVIRONMENT, actor.restricted_to(target), environment, still_valid)


def prepare(app: Flask) -> None:
    """Load the SDK in a thread of its own, so that the first call need not wait for it."""
    threading.Thread(target=_bridge(app, EXTENSION).start, name="mcp-start", daemon=True).start()


def close(app: Flask) -> None:
    """End every stream and every wait of an application, and refuse new ones.

    Call it first at SIGTERM: a WSGI server waits for its threads. Jobs are not touched.
    """
    for name in (EXTENSION, ONE_ENVIRONMENT):
        _bridge(app, name).close()


def _is_preflight() -> bool:
    """Return whether a browser asks which requests a page may send; it sends no credential."""
    if request.method == "OPTIONS" and "Access-Control-Request-Method" not in request.headers:
        raise MethodNotAllowed(METHODS[:3])
    return request.method == "OPTIONS"


def _served(name: str, actor: Actor, environment: str, still_valid: Callable[[], bool]) -> Response:
    context().begin_call(actor.team)
    origin = Origin(FACE, request.remote_addr or "")
    profile = _profile(actor)
    permit = context().wait_limiter.permit(actor, wait_kind(request.environ))
    charge = partial(context().shares.charge, actor.team)
    caller = Caller(actor, origin, permit, environment, profile, charge)
    with audited_refusals("unreadable_body", actor):
        body = request.get_data()
    try:
        body = plain_body(body)
    except InvalidMessage as wrong:
        head = wrong.answer
        return McpResponse(head.chunk, head.status, content_type="application/json")
    answer = _bridge(current_app, name).serve(request.environ, caller, body, still_valid)
    if answer.status == HTTPStatus.METHOD_NOT_ALLOWED:
        record("no_free_stream", actor, Kind.BUSY)
    return McpResponse(answer.body, answer.status, answer.headers)


def _profile(actor: Actor) -> Profile | None:
    """Return the profile that the URL names.

    Raises:
        Invalid: there is none of that name.
    """
    asked = request.args.get("profile", "")
    with audited_refusals("unknown_profile", actor):
        try:
            return Profile(asked) if asked else None
        except ValueError:
            raise Invalid(
                f"There is no profile “{asked[:MAX_NAME]}”.",
                f"Profiles: ?profile={', '.join(Profile)}. Without one, all tools are listed.",
            ) from None


def _server(runner: Runner, *, one_environment: bool = False) -> "Server[Any]":
    from oduflow.blueprints.mcp.server import make_server  # noqa: PLC0415 - loads the SDK

    return make_server(runner, one_environment=one_environment)


def _bridge(app: Flask, name: str) -> Bridge:
    return cast("Bridge", app.extensions[name])
