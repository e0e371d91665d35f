"""Cross-origin requests of MCP clients that run in a browser (WHATWG Fetch, 3.2, “CORS protocol”).

The OAuth endpoints that programs call are open to every page: they read no cookie. `/mcp` is open
to the pages that the configuration lists; those of other origins are refused before.
"""

from flask import Response, request

from oduflow.blueprints.context import context
from oduflow.domain.oauth import PATH

_FOR_EVERY_PAGE = ("/register", "/revoke", "/token")
_METADATA = "/.well-known/oauth-"
_METHODS = "DELETE, GET, POST"
_EXPOSED = "Mcp-Session-Id, Retry-After, WWW-Authenticate"
_PREFLIGHT_SECONDS = "600"


def is_browser_origin(origin: str) -> bool:
    """Return whether the configuration lets pages of this origin call `/mcp`."""
    return origin in context().settings.server.browser_origins


def add_cors_headers(response: Response) -> Response:
    """Let the pages that may call this path read the response."""
    origin = request.headers.get("Origin")
    if origin is None:
        return response
    path = request.path
    if path in _FOR_EVERY_PAGE or path.startswith(_METADATA):
        allowed = "*"
    elif (path == PATH or path.startswith(f"{PATH}/")) and is_browser_origin(origin):
        allowed = origin
        response.vary.add("Origin")
    else:
        return response
    response.headers["Access-Control-Allow-Origin"] = allowed
    response.headers["Access-Control-Expose-Headers"] = _EXPOSED
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = _METHODS
        asked = request.headers.get("Access-Control-Request-Headers", "")
        response.headers["Access-Control-Allow-Headers"] = asked
        response.headers["Access-Control-Max-Age"] = _PREFLIGHT_SECONDS
    return response
