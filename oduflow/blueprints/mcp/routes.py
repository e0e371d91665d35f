"""`/mcp`: the Model Context Protocol over Streamable HTTP, both eras on one URL.

`/mcp/<environment>` is the same for one environment, which its calls need not name: whoever comes
in there acts within that environment alone. It has a bridge of its own, and its sessions belong to
one environment, so a session opened at one path is unknown at every other.
"""

import threading
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from flask import Blueprint, Flask, Response, current_app, request
from flask.blueprints import BlueprintSetupState

from oduflow.blueprints.auth.bearer import authenticate_bearer, standing
from oduflow.blueprints.context import EXTENSION as CONTEXT
from oduflow.blueprints.context import context
from oduflow.blueprints.mcp.bridge import Bridge, use_of
from oduflow.blueprints.mcp.caller import Caller
from oduflow.blueprints.trail import refusals_remembered, remember
from oduflow.domain.access import Actor
from oduflow.domain.environment import no_environment
from oduflow.domain.errors import Forbidden, Kind
from oduflow.kernel.call import Origin
from oduflow.kernel.runner import Runner

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server

EXTENSION = "oduflow.mcp"
OF_ONE = f"{EXTENSION}.of_one"
FACE = "mcp"
METHODS = ("GET", "POST", "DELETE")

blueprint = Blueprint("mcp", __name__)


class McpResponse(Response):
    """A response that has a media type only if the SDK gave it one."""

    default_mimetype = None


@blueprint.record_once
def _set_up(state: BlueprintSetupState) -> None:
    parts = state.app.extensions
    runner, slots = parts[CONTEXT].runner, parts[CONTEXT].slots
    parts[EXTENSION] = Bridge(lambda: _server(runner), slots)
    parts[OF_ONE] = Bridge(lambda: _server(runner, of_one=True), slots)


# Strict: with a slash behind it, it would be a second address of the same resource.
@blueprint.route("/mcp", methods=METHODS, strict_slashes=True, provide_automatic_options=False)
def mcp() -> Response:
    """Hand a request to the SDK once it is known who asks.

    Raises:
        Forbidden: a page of another origin sent it.
        Unauthenticated: nobody, or a wrong token; answered before any JSON-RPC.
    """
    _refuse_foreign_origin()
    actor = authenticate_bearer()
    return _served(EXTENSION, actor, "", standing(actor))


@blueprint.route(
    "/mcp/<environment>", methods=METHODS, strict_slashes=True, provide_automatic_options=False
)
def mcp_of_one(environment: str) -> Response:
    """Do the same within one environment.

    Raises:
        Forbidden: a page of another origin sent it.
        NotFound: there is no such environment, or it is not the caller's.
        Unauthenticated: nobody, or a wrong token; answered before it is known what is there.
    """
    _refuse_foreign_origin()
    actor, reach = authenticate_bearer(), context().runner.reach
    # Byte for byte: no slug is made of it, so that every environment has one address only.
    target = reach.environment(actor.team, environment)
    if target is None or not actor.reaches(target):
        remember("unknown_environment", actor, Kind.NOT_FOUND)
        raise no_environment(environment)

    stands = standing(actor)

    def still_stands() -> bool:
        return stands() and reach.environment(actor.team, environment) == target

    return _served(OF_ONE, actor.within(target), environment, still_stands)


def prepare(app: Flask) -> None:
    """Make the first call as quick as the second; takes a second, in a thread of its own."""
    threading.Thread(target=_bridge(app, EXTENSION).start, name="mcp-start", daemon=True).start()


def close(app: Flask) -> None:
    """End every stream and every wait of an application, and refuse new ones.

    Call it first at SIGTERM: a WSGI server waits for its threads. Jobs are not touched.
    """
    for name in (EXTENSION, OF_ONE):
        _bridge(app, name).close()


def _served(name: str, actor: Actor, environment: str, stands: Callable[[], bool]) -> Response:
    origin = Origin(FACE, request.remote_addr or "")
    slot = context().slots.slot(actor, use_of(request.environ))
    caller = Caller(actor, origin, slot, environment)
    with refusals_remembered("unreadable_body", actor):
        body = request.get_data()
    answer = _bridge(current_app, name).serve(request.environ, caller, body, stands)
    if answer.status == HTTPStatus.SERVICE_UNAVAILABLE:
        remember("no_free_stream", actor, Kind.BUSY)
    return McpResponse(answer.body, answer.status, answer.headers)


def _server(runner: Runner, *, of_one: bool = False) -> "Server[Any]":
    from oduflow.blueprints.mcp.server import make_server  # noqa: PLC0415 - loads the SDK

    return make_server(runner, of_one=of_one)


def _bridge(app: Flask, name: str) -> Bridge:
    return cast("Bridge", app.extensions[name])


def _refuse_foreign_origin() -> None:
    """Serve pages of our own only (MCP, “Streamable HTTP”, security warning).

    The Host is known to be ours by now. A proxy may have ended TLS, so the scheme says nothing.
    """
    origin = request.headers.get("Origin")
    if origin is not None and origin.partition("://")[2] != request.host:
        remember("foreign_origin", None, Kind.FORBIDDEN)
        raise Forbidden(
            "A page of another origin asked for this.",
            "Call from a program; it sends no Origin.",
        )
