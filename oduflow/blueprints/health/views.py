"""`/healthz`, `/readyz` and `/metrics`.

`health_blueprint` takes what the pages need as arguments, because `context` imports the ports of
this package, so nothing here may import `context`.
"""

import threading
from collections.abc import Callable
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, request

from oduflow.blueprints.health.metrics import CONTENT_TYPE, Metrics
from oduflow.blueprints.health.readiness import Readiness
from oduflow.domain.status import HealthFinding

_DRAINING = HealthFinding("server", ok=False, message="The server is shutting down.")


def health_blueprint(
    readiness: Readiness,
    metrics: Metrics,
    draining: threading.Event,
    require_scraper: Callable[[], None],
) -> Blueprint:
    """Return the blueprint of one application's health pages.

    Args:
        readiness: the cached findings about the parts.
        metrics: the metrics.
        draining: set while the server shuts down.
        require_scraper: raises unless the caller may read the metrics.
    """
    blueprint = Blueprint("health", __name__)

    @blueprint.get("/healthz")
    def healthz() -> dict[str, Any]:
        """Return that the process answers; needs no credential."""
        return {"status": "alive"}

    @blueprint.get("/readyz")
    def readyz() -> tuple[dict[str, Any], HTTPStatus]:
        """Return whether environments can be created, part by part; needs no credential."""
        findings = [_DRAINING] if draining.is_set() else readiness.findings()
        ready = all(finding.ok for finding in findings)
        status = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
        return {"ready": ready, "parts": [asdict(finding) for finding in findings]}, status

    @blueprint.get("/metrics")
    def read_metrics() -> Response:
        """Return the metrics to a caller that may read them."""
        require_scraper()
        return Response(metrics.text(), content_type=CONTENT_TYPE)

    @blueprint.after_app_request
    def count(response: Response) -> Response:
        metrics.count_request(request.blueprint or "other", response.status_code)
        return response

    return blueprint
