"""What an operator opens is open, and nothing beside it."""

import subprocess
from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from oduflow.adapters.firewall.plan import FirewallPlan
from tests.support.firewall_world import FirewallWorld

BEYOND = ("link-local", "metadata", "private", "internet", "other team", "neighbour", "docker0")


@pytest.mark.parametrize(
    ("egress", "opened"),
    [
        (("internet",), {"internet"}),
        (("0.0.0.0/0",), {"internet"}),
        (("10.0.0.0/8",), set()),
        (("192.168.0.0/16",), {"private"}),
        (("169.254.169.254/32",), {"metadata"}),
        (("internet", "192.168.0.0/16"), {"internet", "private"}),
    ],
)
def test_egress_opens_what_it_names(
    standing: FirewallWorld, egress: tuple[str, ...], opened: set[str]
) -> None:
    apply(standing, replace(standing.plan, egress=egress))
    reached = standing.probe("a1", BEYOND)
    assert {whom for whom, name in reached.items() if name} == opened


def test_pip_reaches_a_private_index_that_egress_names(standing: FirewallWorld) -> None:
    private = f"{standing.targets['private'][0]}/32"
    apply(standing, replace(standing.plan, egress=(private,)))
    reached = standing.probe("p1", BEYOND)
    assert {whom for whom, name in reached.items() if name} == {"internet", "private"}


def test_a_port_of_the_host_opens_to_every_team_when_configured(standing: FirewallWorld) -> None:
    gateway, port = standing.targets["host, gateway a"]
    apply(standing, replace(standing.plan, allowed_host_ports=(port,)))
    other = standing.targets["published, own gateway"][1]
    targets = {"allowed": (gateway, port), "other": (gateway, other)}
    assert standing.probe("a1", targets) == {"allowed": "host", "other": ""}


def test_where_the_internet_is_the_hosts_name_server_is(standing: FirewallWorld) -> None:
    resolver = IPv4Address(standing.targets["private"][0])
    asking = {"port 53": (str(resolver), 53), "port 80": (str(resolver), 80)}
    plan = replace(standing.plan, resolvers=(resolver,))
    apply(standing, plan)
    assert standing.probe("p1", asking) == {"port 53": "outside", "port 80": ""}
    assert standing.probe("a1", asking) == {"port 53": "", "port 80": ""}


def test_the_published_rule_lets_the_net_bridge_in_where_the_host_drops(
    standing: FirewallWorld,
) -> None:
    """A host whose own firewall drops, told by a rule at the end of INPUT for this one bridge."""
    bridge = standing.plan.net_bridge
    gateway, port = standing.targets["host, gateway net"]
    drop = ("INPUT", "-i", bridge, "-p", "tcp", "--dport", str(port), "-j", "DROP")
    asking = {"host": (gateway, port)}
    iptables("-A", *drop)
    try:
        assert standing.probe("db", asking) == {"host": "host"}
        apply(standing, replace(standing.plan, net_ports=(port + 1,)))
        assert standing.probe("db", asking) == {"host": ""}
    finally:
        iptables("-D", *drop)


def apply(world: FirewallWorld, plan: FirewallPlan) -> None:
    state = world.firewall.apply(plan)
    assert state.ok, state.reason


def iptables(*arguments: str) -> None:
    subprocess.run(["iptables", "-w", "10", *arguments], check=True)
