"""`oduflow serve`: the server, in the foreground."""

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click
from flask import Flask
from waitress.server import create_server

from oduflow import bootstrap
from oduflow.blueprints import mcp
from oduflow.blueprints.auth.announce import startup_lines
from oduflow.blueprints.draining import Loop, drain
from oduflow.cli.connections import connection_options
from oduflow.cli.descriptors import raise_descriptor_limit
from oduflow.cli.failures import told
from oduflow.cli.options import config_option, load_or_write
from oduflow.domain.errors import Conflict, UpstreamFailed
from oduflow.domain.excerpt import one_line
from oduflow.services.server.first_environment import serve_sample
from oduflow.services.server.inert_settings import without_effect
from oduflow.settings import Settings
from oduflow.web import MAX_BODY_BYTES, create_app

THREADS = 32
SECOND_SERVER = 2
log = logging.getLogger("oduflow")


@click.command()
@config_option
def serve(config: Path | None) -> None:
    """Run the server in the foreground, logging to stderr.

    `/healthz` answers as soon as it listens, `/readyz` once environments can be created. SIGTERM
    and Ctrl-C end it: calls in flight get ten seconds, running jobs are undone at the next start.
    """
    with told():
        settings = load_or_write(config)
        set_up_logging()
        services = bootstrap.build(settings)
        with only_server(services):
            run(settings, services)


def set_up_logging() -> None:
    """Log to stderr in the form `LEVEL message`; a service manager adds the time."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneLine("%(levelname)-5s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    # How the store's schema comes about is nobody's news.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    # A burst of requests that wait for a thread is ordinary.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)


class OneLine(logging.Formatter):
    """Writes each message as one line, whatever is in it: Flask and waitress log decoded paths."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        """Escape what would begin another line; a traceback comes after it, in lines of its own."""
        return one_line(super().formatMessage(record))


@contextmanager
def only_server(services: bootstrap.Services) -> Iterator[None]:
    """Be the data folder's one server, with an up-to-date store."""
    try:
        held = services.server_lock.acquire(f"process {os.getpid()}")
    except Conflict as taken:
        click.echo(f"conflict: {taken.message}\n  → {taken.hint}", err=True)
        sys.exit(SECOND_SERVER)
    with held:
        services.store.migrate()
        try:
            yield
        finally:
            services.audit.close()


def run(
    settings: Settings,
    services: bootstrap.Services,
    when_listening: Callable[[], None] = lambda: None,
) -> None:
    """Listen, announce, and serve until a signal comes.

    Args:
        settings: the configuration.
        services: the product's parts.
        when_listening: run in a thread of its own once the server listens.
    """
    descriptors = raise_descriptor_limit()
    app = create_app(settings, services)
    try:
        server = create_server(
            app,
            host=settings.server.host,
            port=settings.server.port,
            threads=THREADS,
            # Without looking ahead, waitress cannot notice a client that left.
            channel_request_lookahead=1,
            # It keeps a body on the disk until all of it is there: up to 1 GiB of each connection.
            max_request_body_size=MAX_BODY_BYTES,
            # Whoever is let in without a secret must not stand behind a proxy: we must see its
            # headers. Only ProxyFix believes them, and only as many as are trusted.
            clear_untrusted_proxy_headers=False,
            ident="",
            **connection_options(descriptors),
        )
    except OSError as cause:
        raise UpstreamFailed(
            f"Port {settings.server.port} on {settings.server.host} cannot be had: "
            f"{cause.strerror or cause}.",
            "Stop what holds it, or set another port under [server].",
        ) from cause
    for level, line in startup_lines(settings):
        log.log(level, line)
    for line in without_effect(settings):
        log.warning("%s", line)
    services.keeper.start()
    mcp.prepare(app)
    if settings.server.sample:
        serve_sample(services.deps.naming, settings.server.port)
    threading.Thread(target=when_listening, name="first", daemon=True).start()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        # A second signal must not wait for the first.
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        threading.Thread(target=_end, args=(app, services.keeper), daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    server.run()
    log.info("stopped")


def _end(app: Flask, keeper: Loop) -> None:
    drain(app, keeper)
    # waitress leaves its loop, and joins its threads, on an interrupt of the main thread.
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
