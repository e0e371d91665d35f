"""A server that is shutting down finishes what it has and begins nothing."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from flask import request
from werkzeug.exceptions import ServiceUnavailable

from oduflow.blueprints.auth import authenticate_basic, authenticate_bearer, authenticate_rest
from oduflow.blueprints.auth.origins import SAFE_METHODS
from oduflow.blueprints.context import context
from oduflow.blueprints.trail import remember
from oduflow.domain.access import Actor
from oduflow.domain.errors import Kind

RETRY_AFTER_SECONDS = 5
# By blueprint; whoever comes to another is a stranger there.
_WHO: Mapping[str | None, Callable[[], Actor]] = MappingProxyType(
    {
        "credentials": authenticate_rest,
        "dashboard": authenticate_basic,
        "mcp": authenticate_bearer,
        "rest": authenticate_rest,
    }
)


def refuse_while_draining() -> None:
    """Refuse to begin anything while the server shuts down.

    Raises:
        Failure: whoever asks is not let in at all.
        ServiceUnavailable: it does, and this would.
    """
    if request.method not in SAFE_METHODS and context().draining.is_set():
        asks = _WHO.get(request.blueprint)
        remember("draining", asks() if asks else None, Kind.BUSY)
        raise ServiceUnavailable(
            "The server is shutting down. Call again in a few seconds.",
            retry_after=RETRY_AFTER_SECONDS,
        )
