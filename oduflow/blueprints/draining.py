"""A server that is shutting down finishes what it has and begins nothing."""

import logging
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Protocol, cast

from flask import Flask, request
from werkzeug.exceptions import ServiceUnavailable

from oduflow.blueprints import mcp
from oduflow.blueprints.auth import authenticate_basic, authenticate_bearer, authenticate_rest
from oduflow.blueprints.auth.origins import SAFE_METHODS
from oduflow.blueprints.context import EXTENSION, Context, context
from oduflow.blueprints.trail import remember
from oduflow.domain.access import Actor
from oduflow.domain.errors import Kind

RETRY_AFTER_SECONDS = 5
DRAIN_SECONDS = 10.0
SEND_SECONDS = 0.1  # the server's own loop still sends what it took
# By blueprint; whoever comes to another is a stranger there.
_WHO: Mapping[str | None, Callable[[], Actor]] = MappingProxyType(
    {
        "credentials": authenticate_rest,
        "dashboard": authenticate_basic,
        "mcp": authenticate_bearer,
        "rest": authenticate_rest,
    }
)
log = logging.getLogger("oduflow")


class Loop(Protocol):
    """Work beside the requests, in a thread of its own."""

    def start(self) -> None:
        """Begin; a second call does nothing."""

    def stop(self) -> None:
        """End after the step it is in; does not wait."""


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


def drain(app: Flask, keeper: Loop) -> None:
    """Refuse new work, end streams, and give the calls in flight ten seconds to be answered.

    Jobs are cut off with the process, and undone at the next start.
    """
    log.info("stopping: no new work, calls in flight may finish")
    parts = cast("Context", app.extensions[EXTENSION])
    parts.draining.set()
    mcp.close(app)  # open streams would hold their threads to the end
    keeper.stop()
    parts.runner.jobs.close()
    parts.calls.wait(DRAIN_SECONDS)
    time.sleep(SEND_SECONDS)
