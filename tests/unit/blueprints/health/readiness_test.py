import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from oduflow.blueprints.health import STILL_CHECKING, Readiness
from oduflow.domain.status import HealthFinding
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
    probe.parts = (HealthFinding("docker", ok=False, message="Docker is silent."),)
    clock[0] = 102.0
    [finding] = readiness.findings()
    assert not finding.ok


def test_many_who_ask_at_once_share_one_look():
    class SlowProbe(FakeProbe):
        def findings(self) -> Sequence[HealthFinding]:
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


class HangingProbe(FakeProbe):
    """A probe whose next look waits until a test lets it go on."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = threading.Event()
        self.begun = threading.Event()

    def findings(self) -> Sequence[HealthFinding]:
        self.begun.set()
        assert self.go_on.wait(5)
        return super().findings()


def test_while_a_first_look_hangs_the_others_are_told_so_soon():
    probe = HangingProbe()
    readiness = Readiness(probe, patience=0.01)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(readiness.findings)
        probe.begun.wait(5)
        assert readiness.findings() == (STILL_CHECKING,)
        probe.go_on.set()
        assert first.result() == probe.parts
    assert readiness.findings() == probe.parts


def test_while_a_later_look_hangs_the_others_are_told_of_the_one_before():
    clock = [100.0]
    probe = HangingProbe()
    probe.go_on.set()
    readiness = Readiness(probe, lambda: clock[0])
    before = readiness.findings()
    probe.go_on.clear()
    probe.begun.clear()
    clock[0] = 102.0
    with ThreadPoolExecutor(1) as pool:
        again = pool.submit(readiness.findings)
        probe.begun.wait(5)
        probe.parts = (HealthFinding("docker", ok=False, message="Docker is silent."),)
        assert readiness.findings() == before
        probe.go_on.set()
        assert again.result() == readiness.findings() == probe.parts


def test_a_look_that_failed_is_not_remembered():
    class BrokenProbe(FakeProbe):
        def findings(self) -> Sequence[HealthFinding]:
            if self.looks == 0:
                super().findings()
                raise RuntimeError
            return super().findings()

    readiness = Readiness(BrokenProbe())
    with pytest.raises(RuntimeError):
        readiness.findings()
    assert readiness.findings()[0].ok
