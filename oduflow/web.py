"""The web application: its faces, its error pages, the headers of every answer."""

import logging
import sys
from collections.abc import Sequence
from typing import Protocol

from flask import Blueprint, Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from oduflow.blueprints import auth, credentials, dashboard, mcp, rest
from oduflow.blueprints.auth.announce import startup_lines
from oduflow.blueprints.auth.local import require_local_or_basic
from oduflow.blueprints.context import EXTENSION, Context
from oduflow.blueprints.draining import Loop, refuse_while_draining
from oduflow.blueprints.errors import answer_failures
from oduflow.blueprints.headers import add_headers
from oduflow.blueprints.health.metrics import Metrics
from oduflow.blueprints.health.ports import Probe
from oduflow.blueprints.health.readiness import Readiness
from oduflow.blueprints.health.views import health_blueprint
from oduflow.blueprints.oauth import routes as oauth
from oduflow.blueprints.oauth.ports import OAuthParts
from oduflow.blueprints.ports import AttemptLedger, FactStore, TokenVerifier
from oduflow.blueprints.sigterm import drain_at_sigterm
from oduflow.domain.access import Actor
from oduflow.domain.errors import Failure
from oduflow.kernel.ports import AuditSink
from oduflow.kernel.runner import Runner
from oduflow.settings import BadSettings, Settings, SettingsSource, load

MAX_BODY_BYTES = 4 << 20
CANNOT_START = 2
GUNICORN_CANNOT_LOAD = 4  # gunicorn.arbiter.Arbiter.APP_LOAD_ERROR
# gunicorn's HUP starts the new worker before it ends the old one.
GUNICORN_WAIT_SECONDS = 5.0
log = logging.getLogger("oduflow")

# Whoever is first looks at every request first.
BLUEPRINTS: tuple[Blueprint, ...] = (
    auth.blueprint,
    oauth.blueprint,
    mcp.blueprint,
    rest.blueprint,
    credentials.blueprint,
    dashboard.blueprint,
)


class Services(Protocol):
    """What the faces need of the product's parts."""

    @property
    def settings(self) -> Settings:
        """The configuration that the server started with."""

    @property
    def live(self) -> SettingsSource:
        """The configuration as it is now."""

    @property
    def runner(self) -> Runner:
        """The only way to an operation."""

    @property
    def probe(self) -> Probe:
        """Looks at the health of every part."""

    @property
    def audit(self) -> AuditSink:
        """Where sign-ins and refusals are remembered."""

    @property
    def oauth(self) -> OAuthParts:
        """What the OAuth server remembers."""

    @property
    def attempts(self) -> AttemptLedger:
        """Counts wrong credentials."""

    @property
    def facts(self) -> FactStore:
        """Remembers what other processes ask for."""

    @property
    def verifiers(self) -> Sequence[TokenVerifier]:
        """Who knows Bearer tokens besides the static ones."""

    def stands(self, actor: Actor) -> bool:
        """Whether what let an actor in still would."""

    @property
    def keeper(self) -> Loop:
        """Keeps the world as the store says."""


def create_app(settings: Settings | None = None, services: Services | None = None) -> Flask:
    """Make the application; this talks to nothing outside the process.

    Args:
        settings: the configuration; left out: the one that is found.
        services: the parts, whose own settings count then; left out: made for the settings.
    """
    parts = services or _own_parts(settings)
    app = Flask("oduflow")
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    # No redirect to a tidier path: it would be built from what the client said.
    app.url_map.merge_slashes = False
    app.url_map.strict_slashes = False
    _trust_proxies(app, parts.settings.server.trusted_proxies)
    shared = Context(
        parts.live,
        parts.runner,
        parts.probe,
        parts.audit,
        parts.attempts,
        parts.facts,
        verifiers=parts.verifiers,
        stands=parts.stands,
    )
    app.extensions[EXTENSION] = shared
    app.wsgi_app = shared.calls.counting(app.wsgi_app)  # type: ignore[assignment, method-assign]
    app.extensions[oauth.EXTENSION] = parts.oauth
    answer_failures(app)
    for blueprint in (*BLUEPRINTS, _health(shared)):
        app.register_blueprint(blueprint)
    if services is None:
        # Importing wsgi.py may not touch the network, so the loop begins with the first request.
        app.before_request(parts.keeper.start)
        drain_at_sigterm(app, parts.keeper)
    app.before_request(refuse_while_draining)
    app.after_request(add_headers)
    return app


def _own_parts(settings: Settings | None) -> Services:
    """Make the parts for an application that nobody else starts, and be their one server."""
    # Only here: an application made from other parts never loads the adapters.
    from oduflow import bootstrap  # noqa: PLC0415
    from oduflow.services.server.inert_settings import without_effect  # noqa: PLC0415

    try:
        parts = bootstrap.serve_alone(
            bootstrap.build(settings or load()), wait=GUNICORN_WAIT_SECONDS if _in_gunicorn() else 0
        )
    except Failure as refused:
        sys.stderr.write(f"{refused.kind}: {refused.message}\n  → {refused.hint}\n")
    except BadSettings as wrong:
        sys.stderr.writelines(f"{problem}\n" for problem in wrong.problems)
    else:
        for level, line in startup_lines(parts.settings):
            log.log(level, line)
        for line in without_effect(parts.settings):
            log.warning("%s", line)
        if parts.settings.server.sample:
            log.warning("[server] sample has no effect here: only `oduflow serve` serves it.")
        return parts
    sys.exit(GUNICORN_CANNOT_LOAD if _in_gunicorn() else CANNOT_START)


def _in_gunicorn() -> bool:
    """Whether gunicorn loads us; a worker that leaves with another code it starts anew for ever."""
    return "gunicorn" in sys.modules


def _health(shared: Context) -> Blueprint:
    return health_blueprint(
        Readiness(shared.probe),
        Metrics(shared.probe, shared.runner.jobs.store),
        shared.draining,
        require_local_or_basic,
    )


def _trust_proxies(app: Flask, count: int) -> None:
    """Believe as many proxies as stand in front, about the client's address and scheme only."""
    if count:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=0)  # type: ignore[method-assign]
