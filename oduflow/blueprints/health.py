"""`/healthz`, `/readyz` and `/metrics`: liveness, readiness, and metrics that name no team."""

import threading
import time
from collections import Counter as Tally
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

import prometheus_client
from flask import Blueprint, Response, request
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from oduflow.blueprints.auth.basic import require_local_or_basic
from oduflow.blueprints.context import Context
from oduflow.blueprints.ports import Probe
from oduflow.domain.status import HealthFinding
from oduflow.kernel.ports import JobStore

FRESH_SECONDS = 2.0
PATIENCE_SECONDS = 3.0
STILL_CHECKING = HealthFinding(
    "server",
    ok=False,
    message="The parts are still being checked.",
    hint="Ask again in a few seconds.",
)
_DRAINING = HealthFinding("server", ok=False, message="The server is shutting down.")


class Readiness:
    """Checks the parts at most once in two seconds, in one thread at a time.

    The first request after two seconds checks again; others get the previous findings meanwhile,
    so a part that hangs blocks only one thread.

    Args:
        probe: checks the parts.
        clock: a monotonic clock, in seconds.
        patience: how many seconds to wait for the first check.
    """

    def __init__(
        self,
        probe: Probe,
        clock: Callable[[], float] = time.monotonic,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._probe = probe
        self._clock = clock
        self._patience = patience
        self._changed = threading.Condition()
        self._checking = False
        self._found: Sequence[HealthFinding] = ()
        self._stale_at = float("-inf")

    def findings(self) -> Sequence[HealthFinding]:
        """Return the latest findings, which are seldom older than two seconds."""
        with self._changed:
            if self._checking and not self._found:
                self._changed.wait_for(lambda: not self._checking, self._patience)
            if self._checking:
                return self._found or (STILL_CHECKING,)
            if self._clock() < self._stale_at:
                return self._found
            self._checking = True
        return self._check()

    def _check(self) -> Sequence[HealthFinding]:
        try:
            found = self._probe.findings()
            with self._changed:
                self._found = found
                self._stale_at = self._clock() + FRESH_SECONDS
            return found
        finally:
            with self._changed:
                self._checking = False
                self._changed.notify_all()


class Metrics:
    """The metrics of one application."""

    def __init__(self, probe: Probe, jobs: JobStore) -> None:
        # The library's global registry would mix the applications of one process.
        self._registry = prometheus_client.CollectorRegistry()
        self._requests = prometheus_client.Counter(
            "oduflow_http_requests",
            "Answered requests.",
            ("face", "status"),
            registry=self._registry,
        )
        self._registry.register(_Inventory(probe, jobs))

    def count_request(self, face: str, status: int) -> None:
        """Count one answered request."""
        self._requests.labels(face, str(status)).inc()

    def text(self) -> bytes:
        """Return all metrics in the text format."""
        return prometheus_client.generate_latest(self._registry)


class _Inventory(Collector):
    """Gauges that are read at each request for the metrics."""

    def __init__(self, probe: Probe, jobs: JobStore) -> None:
        self._probe = probe
        self._jobs = jobs

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Return the gauges without values, so that registering them reads nothing."""
        yield GaugeMetricFamily("oduflow_environments", "Environments.", labels=("state",))
        yield GaugeMetricFamily("oduflow_jobs", "Unfinished jobs.", labels=("status",))

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Return the gauges with their current values."""
        environments, jobs = self.describe()
        for state, count in sorted(self._probe.environments().items()):
            environments.add_metric((state,), count)
        unfinished = Tally(str(job.status) for job in self._jobs.unfinished())
        for status, count in sorted(unfinished.items()):
            jobs.add_metric((status,), count)
        yield from (environments, jobs)


def health_blueprint(shared: Context) -> Blueprint:
    """Return the blueprint of one application's health pages."""
    blueprint = Blueprint("health", __name__)
    readiness = Readiness(shared.probe)
    metrics = Metrics(shared.probe, shared.runner.jobs.store)

    @blueprint.get("/healthz")
    def healthz() -> dict[str, Any]:
        """Return that the process answers; needs no credential."""
        return {"status": "alive"}

    @blueprint.get("/readyz")
    def readyz() -> tuple[dict[str, Any], HTTPStatus]:
        """Return whether environments can be created, part by part; needs no credential.

        Ready and degraded: some teams cannot use a part, and the others can.
        """
        findings = [_DRAINING] if shared.draining.is_set() else readiness.findings()
        ready = all(finding.ok for finding in findings)
        status = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
        return {
            "ready": ready,
            "degraded": any(finding.degraded for finding in findings),
            "parts": [asdict(finding) for finding in findings],
        }, status

    @blueprint.get("/metrics")
    def read_metrics() -> Response:
        """Return the metrics to a caller that may read them."""
        require_local_or_basic()
        return Response(metrics.text(), content_type=prometheus_client.CONTENT_TYPE_LATEST)

    @blueprint.after_app_request
    def count(response: Response) -> Response:
        metrics.count_request(request.blueprint or "other", response.status_code)
        return response

    return blueprint
