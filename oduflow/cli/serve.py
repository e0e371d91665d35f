"""`oduflow serve`: run the server in the foreground."""

import ctypes
import logging
import os
import resource
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import click
from flask import Flask
from waitress.server import create_server

from oduflow import bootstrap
from oduflow.blueprints import mcp
from oduflow.blueprints.auth.hosts import startup_lines
from oduflow.blueprints.draining import drain
from oduflow.blueprints.wait_limits import threads_for
from oduflow.cli.connections import limit_connections
from oduflow.cli.failures import exit_on_failure
from oduflow.cli.options import config_option, load_or_write
from oduflow.domain.errors import Conflict, UpstreamFailed
from oduflow.domain.excerpt import one_line
from oduflow.services.server.first_environment import serve_sample
from oduflow.services.server.infrastructure import refuse_shared_database
from oduflow.settings import Settings
from oduflow.web import MAX_BODY_BYTES, create_app

MAX_CONNECTIONS = 1000
# After so long a thread that computes lets another one run. A call of a few milliseconds waits for
# this at each of its reads, with Python's default of 5 ms longer than it runs.
SWITCH_SECONDS = 0.0005
# What threads free in an arena is of use only to threads of the same one, and glibc makes eight for
# each core: on two cores, 800 requests of four clients cost 7 MB more than with two arenas.
ARENAS = 2
_M_ARENA_MAX = -8  # mallopt(3)
# waitress closes only connections without a request in progress: no wait and no silent stream is
# cut off. A client that pauses longer within a request, or between two, connects again.
IDLE_SECONDS = 30
CLEANUP_SECONDS = 10
SECOND_SERVER = 2
log = logging.getLogger("oduflow")


@click.command()
@config_option
def serve(config: Path | None) -> None:
    """Run the server in the foreground, logging to stderr.

    `/healthz` answers as soon as it listens, `/readyz` once environments can be created. SIGTERM
    and Ctrl-C end it: calls in progress get ten seconds, the next start undoes unfinished jobs.
    """
    with exit_on_failure():
        settings = load_or_write(config)
        set_up_logging()
        services = bootstrap.build(settings)
        with hold_server_lock(services):
            run_server(settings, services)


def set_up_logging() -> None:
    """Log to stderr as `LEVEL message`; the service manager adds the time."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneLineFormatter("%(levelname)-5s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    # Alembic logs every migration step at INFO.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    # waitress warns whenever a request waits for a thread, which is normal in a burst.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)


class OneLineFormatter(logging.Formatter):
    """Formats each message as one line: Flask and waitress log decoded paths with line breaks."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        """Escape line breaks in the message; a traceback follows in lines of its own."""
        return one_line(super().formatMessage(record))


@contextmanager
def hold_server_lock(services: bootstrap.Services) -> Iterator[None]:
    """Take the data folder's server lock, or exit if it is held, and migrate the store.

    Raises:
        Conflict: an earlier version made the data folder; see `refuse_shared_database`.
    """
    try:
        held = services.server_lock.acquire(f"process {os.getpid()}")
    except Conflict as conflict:
        click.echo(f"conflict: {conflict.message}\n  → {conflict.hint}", err=True)
        sys.exit(SECOND_SERVER)
    with held:
        refuse_shared_database(services.deps.naming)
        services.store.migrate()
        try:
            yield
        finally:
            services.audit.close()


def run_server(
    settings: Settings,
    services: bootstrap.Services,
    when_listening: Callable[[], None] = lambda: None,
) -> None:
    """Listen, log the start-up lines, and serve until SIGTERM or Ctrl-C.

    `when_listening` is called in its own thread.
    """
    descriptors = raise_descriptor_limit()
    limit_arenas()
    sys.setswitchinterval(SWITCH_SECONDS)
    app = create_app(settings, services)
    try:
        server = create_server(
            app,
            host=settings.server.host,
            port=settings.server.port,
            threads=threads_for(len(settings.teams)),
            # Without a look-ahead, waitress does not notice that a client disconnected.
            channel_request_lookahead=1,
            # waitress spools each request body to disk, by default up to 1 GiB. It refuses one of
            # exactly this size, too, which a part of an upload has.
            max_request_body_size=MAX_BODY_BYTES + 1,
            # Keep proxy headers: access without a secret is denied when there are any. Only
            # ProxyFix evaluates them, for as many proxies as are trusted.
            clear_untrusted_proxy_headers=False,
            ident="",
            **connection_options(descriptors),
        )
    except OSError as cause:
        raise UpstreamFailed(
            f"Cannot listen on port {settings.server.port} of {settings.server.host}: "
            f"{cause.strerror or cause}.",
            "Stop the program that uses it, or set another port under [server].",
        ) from cause
    limit_connections(server, trusted_proxies=settings.server.trusted_proxies)
    for level, line in startup_lines(settings):
        log.log(level, line)
    services.reconcile_loop.start()
    mcp.prepare(app)
    if settings.server.sample:
        serve_sample(services.deps.naming, settings.server.port)
    threading.Thread(target=when_listening, name="first", daemon=True).start()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        # A second signal ends the process at once.
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        threading.Thread(
            target=_drain_and_stop, args=(app, services.reconcile_loop.stop), daemon=True
        ).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    server.run()
    log.info("stopped")


def _drain_and_stop(app: Flask, stop_background: Callable[[], None]) -> None:
    drain(app, stop_background)
    # SIGINT makes waitress leave its loop and join its threads.
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


def raise_descriptor_limit() -> int:
    """Raise this process's soft limit of open files to the hard one, and return it.

    Service managers start with 1,024, for programs that call `select`. Each connection takes one
    descriptor, each job several, and the server uses `poll`, which has no such limit.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return sys.maxsize if hard == resource.RLIM_INFINITY else hard


def limit_arenas() -> None:
    """Let all threads that start from now on allocate from `ARENAS` arenas of glibc's malloc.

    Python lets one thread run at a time, so they rarely wait for each other. Other C libraries
    have no `mallopt`.
    """
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(_M_ARENA_MAX, ARENAS)


def connection_options(descriptors: int) -> dict[str, Any]:
    """Return waitress's options about connections.

    waitress's defaults are 100 connections and two minutes: 100 idle sockets, which need no
    credential, would block all other clients. Half of the descriptors stay free for jobs.
    """
    return {
        "connection_limit": min(MAX_CONNECTIONS, descriptors // 2),
        "channel_timeout": IDLE_SECONDS,
        "cleanup_interval": CLEANUP_SECONDS,
        # `select` fails at descriptors above 1,023, and that would end waitress's loop.
        "asyncore_use_poll": True,
    }
