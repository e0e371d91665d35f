"""The ASGI scope of one HTTP request, with the authenticated caller in it."""

from wsgiref.types import WSGIEnvironment

from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from starlette.types import Scope
from werkzeug.datastructures import EnvironHeaders

from oduflow.blueprints.mcp.exchange import Caller

# The caller is authenticated before; neither the SDK nor its log may get the credentials.
BOTH = "application/json, text/event-stream"
SECRET_HEADERS = {"authorization", "cookie", "proxy-authorization"}


class User(AuthenticatedUser):
    """The caller, in the form that the SDK binds sessions to.

    The SDK compares client id and subject of a session's owner with those of each later request.
    They contain the team, the person or the grant's id, and the path's environment, so a session
    answers 404 to every other caller and at every other path.
    """

    def __init__(self, caller: Caller) -> None:
        actor, environment = caller.actor, caller.environment
        reach = "*" if actor.environments is None else ",".join(sorted(actor.environments))
        who = f"{actor.kind}:{actor.subject}#{actor.subject_id}"
        principal = f"{actor.team}/{who}@{environment}={reach}"
        super().__init__(
            AccessToken(token="", client_id=principal, scopes=[], subject=actor.subject)
        )
        self.caller = caller


def _read(name: str, value: str) -> str:
    """Return a header's value as the SDK reads it: it compares media types letter by letter."""
    if name == "accept":
        return BOTH  # `Exchange` answers with what the client accepts
    return value.lower() if name == "content-type" else value


def http_scope(environ: WSGIEnvironment, caller: Caller) -> Scope:
    """Return the ASGI scope of a WSGI request (ASGI spec, “HTTP connection scope”)."""
    path = environ.get("PATH_INFO", "/")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": environ["REQUEST_METHOD"],
        "scheme": environ["wsgi.url_scheme"],
        "root_path": "",
        "path": path,
        "raw_path": path.encode("latin-1"),
        "query_string": environ.get("QUERY_STRING", "").encode("latin-1"),
        "headers": [
            (name.lower().encode("latin-1"), _read(name.lower(), value).encode("latin-1"))
            for name, value in EnvironHeaders(environ)
            if name.lower() not in SECRET_HEADERS
        ],
        "server": (environ["SERVER_NAME"], int(environ["SERVER_PORT"])),
        "client": (environ.get("REMOTE_ADDR", ""), 0),
        "state": {},
        "user": User(caller),
    }
