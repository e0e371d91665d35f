"""Shutdown: refuse new work, let the calls in flight finish; SIGTERM under any WSGI server."""

import logging
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from types import FrameType, MappingProxyType
from typing import cast

from flask import Flask, request
from werkzeug.exceptions import ServiceUnavailable

from oduflow.blueprints import mcp
from oduflow.blueprints.audit import record
from oduflow.blueprints.auth import (
    authenticate_basic,
    authenticate_bearer,
    authenticate_rest,
    authenticate_upload,
)
from oduflow.blueprints.auth.csrf import SAFE_METHODS
from oduflow.blueprints.context import EXTENSION, Context, context
from oduflow.domain.access import Actor
from oduflow.domain.errors import Kind

RETRY_AFTER_SECONDS = 5
DRAIN_SECONDS = 10.0
SEND_SECONDS = 0.1  # the server's own loop still sends the answers it was given
# By blueprint; the callers of the others are anonymous.
_AUTHENTICATE: Mapping[str | None, Callable[[], Actor]] = MappingProxyType(
    {
        "credentials": authenticate_rest,
        "dashboard": authenticate_basic,
        "mcp": authenticate_bearer,
        "rest": authenticate_rest,
        "uploads": authenticate_upload,
    }
)
log = logging.getLogger("oduflow")


def refuse_while_draining() -> None:
    """Refuse requests that would start something while the server shuts down.

    Raises:
        Failure: the caller is not authenticated.
        ServiceUnavailable: the server is shutting down.
    """
    if request.method not in SAFE_METHODS and context().draining.is_set():
        authenticate = _AUTHENTICATE.get(request.blueprint)
        record("draining", authenticate() if authenticate else None, Kind.BUSY)
        raise ServiceUnavailable(
            "The server is shutting down. Call again in a few seconds.",
            retry_after=RETRY_AFTER_SECONDS,
        )


def drain(app: Flask, stop_background: Callable[[], None]) -> None:
    """Refuse new work, end streams, and wait up to ten seconds for the calls in flight.

    Jobs end with the process; the next start undoes them. `stop_background` asks the server's
    background loop to stop, and does not wait for it.
    """
    log.info("stopping: no new work, calls in flight may finish")
    shared = cast("Context", app.extensions[EXTENSION])
    shared.draining.set()
    mcp.close(app)  # an open stream would hold its thread to the end
    stop_background()
    shared.runner.jobs.close()
    shared.calls.wait(DRAIN_SECONDS)
    time.sleep(SEND_SECONDS)


def drain_at_sigterm(app: Flask, stop_background: Callable[[], None]) -> None:
    """Drain at SIGTERM under another program's server; off the main thread this does nothing.

    A server that handles the signal itself (gunicorn, before it loads us) is called at once, and
    ends when its calls do. Without such a handler (waitress-serve) the process ends after the
    draining by `SystemExit`, so that the server cleans up and the audit log gets its counts.
    """
    before = signal.getsignal(signal.SIGTERM)
    has_handler = callable(before)
    if threading.current_thread() is not threading.main_thread() or not (
        has_handler or before is signal.SIG_DFL
    ):
        return

    def drain_and_end() -> None:
        drain(app, stop_background)
        if not has_handler:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)

    def handle(number: int, frame: FrameType | None) -> None:
        # A second signal must not wait for the first.
        signal.signal(signal.SIGTERM, before if has_handler else lambda *_signal: sys.exit())
        threading.Thread(target=drain_and_end, name="drain", daemon=True).start()
        if callable(before):
            before(number, frame)

    signal.signal(signal.SIGTERM, handle)
