"""`/mcp`: the Model Context Protocol over Streamable HTTP, both eras on one URL.

`/mcp/<environment>` will be a second route with a bridge of its own: a session belongs to the
bridge that opened it, so one opened at one path is unknown at another.
"""

from typing import cast
from urllib.parse import urlsplit

from flask import Blueprint, Flask, current_app, jsonify, request
from flask.blueprints import BlueprintSetupState
from flask.wrappers import Response
from werkzeug.exceptions import Forbidden, ServiceUnavailable

from oduflow.blueprints.auth.bearer import authenticate_bearer
from oduflow.blueprints.context import EXTENSION as CONTEXT
from oduflow.blueprints.context import context
from oduflow.blueprints.mcp.bridge import Bridge
from oduflow.blueprints.mcp.server import make_server
from oduflow.domain.errors import RateLimited, Unauthenticated
from oduflow.kernel.call import Origin

EXTENSION = "oduflow.mcp"
FACE = "mcp"
MAX_BODY_BYTES = 4 * 1024 * 1024
RETRY_SECONDS = 5

blueprint = Blueprint("mcp", __name__)


class McpResponse(Response):
    """A response that has a media type only if the SDK gave it one."""

    default_mimetype = None


@blueprint.record_once
def _set_up(state: BlueprintSetupState) -> None:
    parts = state.app.extensions
    parts[EXTENSION] = Bridge(lambda: make_server(parts[CONTEXT].runner))


@blueprint.route("/mcp", methods=["GET", "POST", "DELETE"], provide_automatic_options=False)
def mcp() -> Response:
    """Hand a request to the SDK once it is known who asks.

    Raises:
        Forbidden: a page of another origin sent it (MCP, “Security Warning” of the transport).
        Unauthenticated: nobody, or a wrong token; answered before any JSON-RPC.
    """
    _refuse_foreign_origin()
    if context().draining.is_set():
        raise ServiceUnavailable(retry_after=RETRY_SECONDS)
    actor = authenticate_bearer()
    request.max_content_length = MAX_BODY_BYTES
    answer = _bridge(current_app).serve(
        request.environ, actor, Origin(FACE, request.remote_addr or ""), request.get_data()
    )
    return McpResponse(answer.body, answer.status, answer.headers)


@blueprint.errorhandler(Unauthenticated)
@blueprint.errorhandler(RateLimited)
def refuse(failure: Unauthenticated | RateLimited) -> Response:
    """Answer who may not come in, before any JSON-RPC (RFC 9110, 11.6.1 and 15.5.2)."""
    body = {"kind": failure.kind, "message": failure.message, "hint": failure.hint}
    answer = jsonify(error=body)
    if isinstance(failure, RateLimited):
        answer.status_code = 429
        answer.headers["Retry-After"] = str(failure.retry_after)
    else:
        answer.status_code = 401
        answer.headers["WWW-Authenticate"] = getattr(failure, "challenge", "Bearer")
    return answer


def close(app: Flask) -> None:
    """End every stream and every wait of an application; call it first at SIGTERM."""
    _bridge(app).close()


def _bridge(app: Flask) -> Bridge:
    return cast("Bridge", app.extensions[EXTENSION])


def _refuse_foreign_origin() -> None:
    """Only pages of our own may call: the Host is one of ours by now."""
    origin = request.headers.get("Origin")
    if origin is None:
        return
    parts = urlsplit(origin)
    if parts.scheme not in {"http", "https"} or parts.netloc != request.host:
        raise Forbidden("Pages of other origins may not call this endpoint.")
