"""A server that is shutting down finishes what it has and begins nothing."""

from flask import request
from werkzeug.exceptions import ServiceUnavailable

from oduflow.blueprints.auth.origins import SAFE_METHODS
from oduflow.blueprints.context import context

RETRY_AFTER_SECONDS = 5


def refuse_while_draining() -> None:
    """Refuse to begin anything while the server shuts down.

    Raises:
        ServiceUnavailable: it does, and this would.
    """
    if request.method not in SAFE_METHODS and context().draining.is_set():
        raise ServiceUnavailable(
            "The server is shutting down. Call again in a few seconds.",
            retry_after=RETRY_AFTER_SECONDS,
        )
