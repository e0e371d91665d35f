"""Machines that cannot be a firewall: the state says why, and nothing is raised."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from oduflow.adapters.firewall import iptables
from oduflow.adapters.firewall.iptables import Firewall
from oduflow.adapters.firewall.plan import FirewallPlan

PLAN = FirewallPlan("test-reduced", build_net="test-no-such")

# A process in a separate network namespace prints its rules: the host's rules are not changed.
ALONE = """
import json, subprocess, sys
from oduflow.adapters.firewall.iptables import Firewall
from oduflow.adapters.firewall.plan import FirewallPlan
for line in json.loads(sys.argv[1]):
    subprocess.run(line.split(), check=True)
firewall, plan = Firewall(), FirewallPlan("test-reduced")
states = [firewall.apply(plan), firewall.check(plan), firewall.remove("test-reduced")]
left = subprocess.run(["iptables", "-S"], capture_output=True, text=True).stdout
print(json.dumps([[[state.ok, state.reason] for state in states], left]))
"""
DOCKERS = [
    "iptables -N DOCKER-USER",
    "iptables -A DOCKER-USER -j RETURN",
    "iptables -A FORWARD -j DOCKER-USER",
]


def test_where_docker_has_set_up_its_rules_ours_stand_and_go() -> None:
    (applied, checked, removed), left = alone(DOCKERS)
    assert applied == checked == removed == (True, "")
    assert left == (
        "-P INPUT ACCEPT\n-P FORWARD ACCEPT\n-P OUTPUT ACCEPT\n-N DOCKER-USER\n"
        "-A FORWARD -j DOCKER-USER\n-A DOCKER-USER -j RETURN\n"
    )


@pytest.mark.parametrize("done", [0, 1, 2])
def test_before_docker_has_set_up_its_rules_the_state_says_so(done: int) -> None:
    (applied, checked, removed), left = alone(DOCKERS[:done])
    assert applied == checked
    assert applied[0] is False
    assert "leads to DOCKER-USER" in applied[1]
    assert removed == (True, "")
    assert "ODUFLOW" not in left


def test_a_machine_without_iptables_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(iptables, "_ENVIRONMENT", {"PATH": str(tmp_path)})
    state = Firewall().apply(PLAN)
    assert not state.ok
    assert "iptables is not installed" in state.reason
    assert not Firewall().remove("test-reduced").ok


def test_a_server_without_the_right_says_so() -> None:
    without = ("setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin", "--")
    (applied, checked, removed), _ = alone([], prefix=without)
    assert applied == checked == removed
    assert applied[0] is False
    assert "may not use iptables: it needs root or CAP_NET_ADMIN" in applied[1]


@pytest.mark.parametrize(("value", "ok"), [("1", True), ("0", False), (None, False)])
def test_a_bridge_that_goes_past_the_tables_is_noticed(
    tmp_path: Path, value: str | None, *, ok: bool
) -> None:
    folder = tmp_path / "sys/net/bridge"
    folder.mkdir(parents=True)
    if value is not None:
        (folder / "bridge-nf-call-iptables").write_text(value + "\n")
    state = Firewall(proc=tmp_path).check(PLAN)
    assert ("net.bridge.bridge-nf-call-iptables = 1" in state.reason) is not ok


def alone(commands: list[str], prefix: tuple[str, ...] = ()) -> tuple[list[tuple[bool, str]], str]:
    """Run it; the states of apply, check and remove, and what `iptables -S` says at the end."""
    command = ["unshare", "--net", *prefix, sys.executable, "-c", ALONE, json.dumps(commands)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    states, left = json.loads(told)
    return [(ok, reason) for ok, reason in states], str(left)
