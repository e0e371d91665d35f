import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from oduflow.blueprints.health.readiness import Readiness
from oduflow.domain.health import Finding
from tests.support.fakes import FakeProbe


def test_asking_often_is_not_looking_often():
    clock = [100.0]
    probe = FakeProbe()
    readiness = Readiness(probe, lambda: clock[0])
    for moment in (100.0, 100.5, 101.9):
        clock[0] = moment
        readiness.findings()
    assert probe.looks == 1


def test_after_two_seconds_it_looks_again():
    clock = [100.0]
    probe = FakeProbe()
    readiness = Readiness(probe, lambda: clock[0])
    readiness.findings()
    probe.parts = (Finding("docker", ok=False, message="Docker is silent."),)
    clock[0] = 102.0
    [finding] = readiness.findings()
    assert not finding.ok


def test_many_who_ask_at_once_share_one_look():
    class SlowProbe(FakeProbe):
        def findings(self) -> Sequence[Finding]:
            go_on.wait(5)
            return super().findings()

    go_on = threading.Event()
    probe = SlowProbe()
    readiness = Readiness(probe)
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(readiness.findings) for _ in range(8)]
        go_on.set()
        assert {len(answer.result()) for answer in asked} == {1}
    assert probe.looks == 1


def test_a_look_that_failed_is_not_remembered():
    class BrokenProbe(FakeProbe):
        def findings(self) -> Sequence[Finding]:
            if self.looks == 0:
                super().findings()
                raise RuntimeError
            return super().findings()

    readiness = Readiness(BrokenProbe())
    with pytest.raises(RuntimeError):
        readiness.findings()
    assert readiness.findings()[0].ok
