"""`/mcp`: the Model Context Protocol over Streamable HTTP, both eras on one URL.

`/mcp/<environment>` will be a second route with a bridge of its own: a session belongs to the
bridge that opened it, so one opened at one path is unknown at another.
"""

from typing import cast

from flask import Blueprint, Flask, Response, current_app, request
from flask.blueprints import BlueprintSetupState

from oduflow.blueprints.auth.bearer import authenticate_bearer
from oduflow.blueprints.context import EXTENSION as CONTEXT
from oduflow.blueprints.mcp.bridge import Bridge
from oduflow.blueprints.mcp.server import make_server
from oduflow.blueprints.trail import remember
from oduflow.domain.errors import Forbidden, Kind
from oduflow.kernel.call import Origin

EXTENSION = "oduflow.mcp"
FACE = "mcp"

blueprint = Blueprint("mcp", __name__)


class McpResponse(Response):
    """A response that has a media type only if the SDK gave it one."""

    default_mimetype = None


@blueprint.record_once
def _set_up(state: BlueprintSetupState) -> None:
    parts = state.app.extensions
    parts[EXTENSION] = Bridge(lambda: make_server(parts[CONTEXT].runner), parts[CONTEXT].slots)


@blueprint.route("/mcp", methods=["GET", "POST", "DELETE"], provide_automatic_options=False)
def mcp() -> Response:
    """Hand a request to the SDK once it is known who asks.

    Raises:
        Forbidden: a page of another origin sent it.
        Unauthenticated: nobody, or a wrong token; answered before any JSON-RPC.
    """
    _refuse_foreign_origin()
    actor = authenticate_bearer()
    answer = _bridge(current_app).serve(
        request.environ, actor, Origin(FACE, request.remote_addr or ""), request.get_data()
    )
    return McpResponse(answer.body, answer.status, answer.headers)


def close(app: Flask) -> None:
    """End every stream and every wait of an application, and refuse new ones.

    Call it first at SIGTERM: a WSGI server waits for its threads. Jobs are not touched.
    """
    _bridge(app).close()


def _bridge(app: Flask) -> Bridge:
    return cast("Bridge", app.extensions[EXTENSION])


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
