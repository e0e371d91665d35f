"""`/healthz`, `/readyz` and `/metrics`.

What these pages need is handed to them: `context` knows this package's ports, so nothing here
may know `context`.
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
    """Make the health pages of one application.

    Args:
        readiness: knows the parts.
        metrics: counts.
        draining: set while the server shuts down.
        require_scraper: raises unless the caller may read the metrics.
    """
    blueprint = Blueprint("health", __name__)

    @blueprint.get("/healthz")
    def healthz() -> dict[str, Any]:
        """Say that the process answers; everybody may ask."""
        return {"status": "alive"}

    @blueprint.get("/readyz")
    def readyz() -> tuple[dict[str, Any], HTTPStatus]:
        """Say of each part whether environments can be created; everybody may ask."""
        findings = [_DRAINING] if draining.is_set() else readiness.findings()
        ready = all(finding.ok for finding in findings)
        status = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
        return {"ready": ready, "parts": [asdict(finding) for finding in findings]}, status

    @blueprint.get("/metrics")
    def read_metrics() -> Response:
        """Write the numbers for whoever may see them."""
        require_scraper()
        return Response(metrics.text(), content_type=CONTENT_TYPE)

    @blueprint.after_app_request
    def count(response: Response) -> Response:
        metrics.count_request(request.blueprint or "other", response.status_code)
        return response

    return blueprint
