"""Metrics in Prometheus's text format; they name no team."""

from collections import Counter as Tally
from collections.abc import Iterator

import prometheus_client
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from oduflow.blueprints.health.ports import Probe
from oduflow.kernel.ports import JobStore

CONTENT_TYPE = prometheus_client.CONTENT_TYPE_LATEST


class Metrics:
    """The metrics of one application."""

    def __init__(self, probe: Probe, jobs: JobStore) -> None:
        """Read environments from `probe` and jobs from `jobs` at each request for the metrics."""
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
