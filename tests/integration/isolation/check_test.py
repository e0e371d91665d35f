"""The isolation check with real canaries, and a hole that a test makes."""

import subprocess
from collections.abc import Iterator

import pytest

from oduflow.adapters.docker.subnets import bridge_name
from oduflow.domain.isolation import ProbeVerdict
from oduflow.services.isolation.canaries import OWN_TEAM
from oduflow.services.isolation.check import verify_isolation, verify_report
from oduflow.services.storage.setup import set_up_storage
from tests.support.instances import Instance, running_instance, world
from tests.support.ports import free_port

pytestmark = pytest.mark.timeout(300)

SSH = {"ssh, own gateway", "ssh, another team's gateway", "ssh, its address"}
UNKNOWN = {"cloud metadata", "the router"}  # whether a machine answers there differs


@pytest.fixture(scope="module")
def bare() -> Iterator[Instance]:
    """An instance with pools and without a template: canaries need none."""

    def prepare(instance: Instance) -> None:
        set_up_storage(instance.services.deps, lambda _line: None)

    with running_instance(port=free_port(), git_hosts=(), prepare=prepare) as made:
        yield made


def test_canaries_find_the_hole_that_there_is_and_no_other_and_nothing_is_left(
    bare: Instance,
) -> None:
    before, progress = world(bare), []

    def tell(line: str) -> None:
        progress.append(line)
        if line.startswith("step 4"):  # the rules are set: the hole comes before them
            iptables("-I")

    def iptables(how: str) -> None:
        bridge = bridge_name(bare.name, f"team-{OWN_TEAM}")
        rule = ("-i", bridge, "-p", "tcp", "--dport", "22", "-j", "ACCEPT")
        subprocess.run(["iptables", "-w", how, "INPUT", *rule], check=True, timeout=30)

    try:
        checked = verify_isolation(bare.services.deps, "tester", "28.0", tell)
    finally:
        iptables("-D")

    report = checked.report
    assert {probe.name for probe in report.problems} == SSH, report.problems
    unmeasured = {
        probe.name for probe in report.probes if probe.verdict is ProbeVerdict.NOT_MEASURED
    }
    assert {name for name in unmeasured if not name.startswith("name server")} - UNKNOWN == set()
    assert len(report.probes) > 40
    assert "probing: locks" in progress
    assert verify_report(bare.services.deps.store.audit, checked.text) == (report, 1)
    assert world(bare) == before
    assert not list(bare.settings.server.data_dir.glob("*/isolation-probe-*"))
    assert not list(bare.settings.server.data_dir.glob("team_isolation-probe-*"))
    assert not list(bare.settings.server.data_dir.glob("pools/isolation-probe-*"))


def test_without_pools_the_report_says_that_a_disk_can_be_filled() -> None:
    with running_instance(port=free_port(), git_hosts=()) as plain:
        report = verify_isolation(plain.services.deps, "tester", "28.0", lambda _line: None).report

    problems = {probe.name: probe.found for probe in report.problems}
    assert problems.keys() == {"disk: temporary files", "disk: files", "disk: database"}
    assert all("written: no limit" in found for found in problems.values())
