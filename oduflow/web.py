"""The Flask application: blueprints, error pages, and the headers of every response."""

import logging
import sys
from typing import TYPE_CHECKING

from flask import Blueprint, Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from oduflow.blueprints import auth, dashboard, links, mcp, rest, static_files, uploads
from oduflow.blueprints.auth.hosts import startup_lines
from oduflow.blueprints.context import EXTENSION, Context
from oduflow.blueprints.cors import add_cors_headers
from oduflow.blueprints.draining import drain_at_sigterm, refuse_while_draining
from oduflow.blueprints.errors import answer_failures
from oduflow.blueprints.headers import add_headers
from oduflow.blueprints.health import health_blueprint
from oduflow.blueprints.oauth import routes as oauth
from oduflow.blueprints.processor_share import end_call
from oduflow.domain.errors import Failure
from oduflow.domain.upload import PART_BYTES
from oduflow.settings import BadSettings, Settings, load

if TYPE_CHECKING:
    from oduflow.bootstrap import Services

MAX_BODY_BYTES = PART_BYTES
CANNOT_START = 2
GUNICORN_CANNOT_LOAD = 4  # gunicorn.arbiter.Arbiter.APP_LOAD_ERROR
# gunicorn's HUP starts the new worker before it ends the old one.
GUNICORN_WAIT_SECONDS = 5.0
log = logging.getLogger("oduflow")

# Their checks before a request run in this order.
BLUEPRINTS: tuple[Blueprint, ...] = (
    auth.blueprint,
    oauth.blueprint,
    mcp.blueprint,
    rest.blueprint,
    rest.credentials,
    uploads.blueprint,
    links.blueprint,
    dashboard.blueprint,
    static_files.blueprint,
)


def create_app(settings: Settings | None = None, services: "Services | None" = None) -> Flask:
    """Make the application, without network access.

    Args:
        settings: the configuration; without it `load` reads `oduflow.toml`.
        services: the product's parts with their own settings; without them `bootstrap` makes them.
    """
    owns_services = services is None
    services = services or _make_services(settings)
    app = Flask("oduflow", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    # No redirect to a corrected path: its URL would contain the client's Host.
    app.url_map.merge_slashes = False
    app.url_map.strict_slashes = False
    _trust_proxies(app, services.settings.server.trusted_proxies)
    shared = Context(
        services.live,
        services.runner,
        services.probe,
        services.audit,
        services.rate_limits,
        services.facts,
        services.uploads,
        services.links,
        verifiers=services.verifiers,
        still_valid=services.still_valid,
    )
    app.extensions[EXTENSION] = shared
    app.wsgi_app = shared.calls.counting(app.wsgi_app)  # type: ignore[assignment, method-assign]
    app.extensions[oauth.EXTENSION] = services.oauth
    answer_failures(app)
    for blueprint in (*BLUEPRINTS, health_blueprint(shared)):
        app.register_blueprint(blueprint)
    if owns_services:
        # Importing wsgi.py may not use the network, so the loop starts with the first request.
        app.before_request(services.reconcile_loop.start)
        drain_at_sigterm(app, services.reconcile_loop.stop)
    app.before_request(refuse_while_draining)
    app.after_request(add_headers)
    app.teardown_request(end_call)
    app.after_request(add_cors_headers)
    return app


def _make_services(settings: Settings | None) -> "Services":
    """Make the services of a server without `oduflow serve`, and lock the data folder for it."""
    # Imported here, so that an application with given services never loads the adapters.
    from oduflow import bootstrap  # noqa: PLC0415

    try:
        services = bootstrap.serve_alone(
            bootstrap.build(settings or load()), wait=GUNICORN_WAIT_SECONDS if _in_gunicorn() else 0
        )
    except Failure as refused:
        sys.stderr.write(f"{refused.kind}: {refused.message}\n  → {refused.hint}\n")
    except BadSettings as wrong:
        sys.stderr.writelines(f"{problem}\n" for problem in wrong.problems)
    else:
        for level, line in startup_lines(services.settings):
            log.log(level, line)
        if services.settings.server.sample:
            log.warning("[server] sample has no effect here: only `oduflow serve` serves it.")
        return services
    sys.exit(GUNICORN_CANNOT_LOAD if _in_gunicorn() else CANNOT_START)


def _in_gunicorn() -> bool:
    """Return whether gunicorn loads us; it restarts a worker for ever unless its exit code is 4."""
    return "gunicorn" in sys.modules


def _trust_proxies(app: Flask, count: int) -> None:
    """Trust `count` proxies, for the client's address and scheme only."""
    if count:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=0)  # type: ignore[method-assign]
