"""Pages for a program on this machine, such as a monitoring agent, and for signed-in people."""

from flask import request

from oduflow.blueprints.auth.basic import authenticate_basic
from oduflow.blueprints.auth.peers import is_direct_and_local
from oduflow.blueprints.context import context


def require_local_or_basic() -> None:
    """Let in whoever asks from this machine without a credential, and whoever has a right one.

    Raises:
        NotSignedIn: neither is so.
    """
    pool = context().settings.server.subnet_pool
    if "Authorization" in request.headers or not is_direct_and_local(request.environ, pool):
        authenticate_basic()
