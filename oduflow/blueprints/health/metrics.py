"""What a monitoring system is told, in Prometheus's text format; no team is named."""

from collections import Counter as Tally
from collections.abc import Iterator

import prometheus_client
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from oduflow.blueprints.health.ports import Probe
from oduflow.kernel.ports import JobStore

CONTENT_TYPE = prometheus_client.CONTENT_TYPE_LATEST


class Metrics:
    """One application's numbers."""

    def __init__(self, probe: Probe, jobs: JobStore) -> None:
        """Count what `probe` and `jobs` know at the moment of asking."""
        # A registry of our own: the library's global one would mix the applications of a process.
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
        """Write all numbers."""
        return prometheus_client.generate_latest(self._registry)


class _Inventory(Collector):
    """Counts that are looked up when somebody asks."""

    def __init__(self, probe: Probe, jobs: JobStore) -> None:
        self._probe = probe
        self._jobs = jobs

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Name the metrics, so that registering them looks nothing up."""
        yield GaugeMetricFamily("oduflow_environments", "Environments.", labels=("state",))
        yield GaugeMetricFamily("oduflow_jobs", "Unfinished jobs.", labels=("status",))

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Look everything up."""
        environments, jobs = self.describe()
        for state, count in sorted(self._probe.environments().items()):
            environments.add_metric((state,), count)
        unfinished = Tally(str(job.status) for job in self._jobs.unfinished())
        for status, count in sorted(unfinished.items()):
            jobs.add_metric((status,), count)
        yield from (environments, jobs)
