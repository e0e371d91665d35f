from oduflow.blueprints.health import Metrics
from tests.support.fakes import FakeJobStore, FakeProbe


def test_requests_are_counted_by_face_and_status():
    metrics = Metrics(FakeProbe(), FakeJobStore())
    for status in (200, 200, 404):
        metrics.count_request("rest", status)
    assert 'oduflow_http_requests_total{face="rest",status="200"} 2.0' in lines(metrics)
    assert 'oduflow_http_requests_total{face="rest",status="404"} 1.0' in lines(metrics)


def test_environments_are_counted_at_the_moment_of_asking():
    probe = FakeProbe()
    metrics = Metrics(probe, FakeJobStore())
    probe.counts = {"running": 3, "failed": 1}
    assert 'oduflow_environments{state="failed"} 1.0' in lines(metrics)
    assert 'oduflow_environments{state="running"} 3.0' in lines(metrics)


def test_two_applications_of_one_process_count_apart():
    one, other = (Metrics(FakeProbe(), FakeJobStore()) for _ in range(2))
    one.count_request("rest", 200)
    assert not any("rest" in line for line in lines(other))


def lines(metrics: Metrics) -> list[str]:
    return metrics.text().decode().splitlines()
