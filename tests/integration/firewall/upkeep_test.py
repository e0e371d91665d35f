"""The rules come back, never open on the way, and go without a trace."""

import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from oduflow.adapters.firewall.plan import ChainNames
from tests.support.firewall_world import FirewallWorld

# Opens connections without waiting for any, for three seconds, and counts those that opened.
HAMMER = """
import select, socket, sys, time
poll, pending, opened = select.epoll(), {}, 0
end = time.monotonic() + 3
while time.monotonic() < end:
    connection = socket.socket()
    connection.setblocking(False)
    connection.connect_ex((sys.argv[1], int(sys.argv[2])))
    pending[connection.fileno()] = connection
    poll.register(connection, select.EPOLLOUT)
    for descriptor, event in poll.poll(0.004):
        opened += not event & (select.EPOLLERR | select.EPOLLHUP)
        pending.pop(descriptor).close()
print(opened)
"""


def test_applying_again_changes_nothing(standing: FirewallWorld) -> None:
    before = rules_of(standing)
    assert standing.firewall.apply(standing.plan).ok
    assert rules_of(standing) == before
    assert standing.firewall.check(standing.plan).ok


def test_isolation_never_opens_while_rules_are_replaced(standing: FirewallWorld) -> None:
    gateway, port = standing.targets["host, gateway a"]
    plans = [standing.plan, replace(standing.plan, egress=("internet",))]
    turns = 0
    with ThreadPoolExecutor(1) as pool:
        # Each round replaces the rules at least once; a slow machine needs more rounds.
        while turns <= 20:
            hammering = pool.submit(standing.run, "a1", HAMMER, gateway, str(port))
            while not hammering.done():
                assert standing.firewall.apply(plans[turns % 2]).ok
                turns += 1
            assert int(hammering.result()) == 0


def test_the_hammer_does_hit_where_the_door_is_open(standing: FirewallWorld) -> None:
    gateway, port = standing.targets["host, gateway a"]
    assert standing.firewall.apply(replace(standing.plan, allowed_host_ports=(port,))).ok
    assert int(standing.run("a1", HAMMER, gateway, str(port))) > 0


def unhook(chain: str, purpose: str) -> Callable[[FirewallWorld], None]:
    def act(world: FirewallWorld) -> None:
        names = ChainNames(world.instance)
        comment = ("-m", "comment", "--comment", names.comment)
        iptables("-D", chain, *comment, "-j", names.chain(purpose))

    return act


def flush(purpose: str) -> Callable[[FirewallWorld], None]:
    return lambda world: iptables("-F", ChainNames(world.instance).chain(purpose))


@pytest.mark.parametrize(
    ("damage", "opened"),
    [
        (unhook("INPUT", "IN"), "docker0"),
        (unhook("DOCKER-USER", "FWD"), "internet"),
        (flush("IN"), "docker0"),
        (flush("FWD"), "internet"),
        (flush("TEAM"), "internet"),
    ],
    ids=["INPUT", "DOCKER-USER", "IN", "FWD", "TEAM"],
)
def test_flushed_rules_are_noticed_and_come_back(
    standing: FirewallWorld, damage: Callable[[FirewallWorld], None], opened: str
) -> None:
    damage(standing)
    assert standing.probe("a1", [opened])[opened] != ""
    state = standing.firewall.check(standing.plan)
    assert not state.ok
    assert state.reason
    assert standing.firewall.apply(standing.plan).ok
    assert standing.probe("a1", [opened])[opened] == ""


def test_a_foreign_rule_above_ours_is_overtaken(standing: FirewallWorld) -> None:
    bridge = standing.plan.teams[0].bridge
    foreign = ("INPUT", "-i", bridge, "-j", "ACCEPT")
    iptables("-I", *foreign)
    try:
        assert standing.probe("a1", ["docker0"])["docker0"] == "host"
        assert "before ours in INPUT" in standing.firewall.check(standing.plan).reason
        assert standing.firewall.apply(standing.plan).ok
        assert standing.probe("a1", ["docker0"])["docker0"] == ""
    finally:
        iptables("-D", *foreign)


def test_removal_takes_ours_and_leaves_everybody_elses(standing: FirewallWorld) -> None:
    other = replace(standing.plan, instance=f"{standing.instance}-other")
    foreign = ("INPUT", "-i", standing.plan.net_bridge, "-p", "sctp", "-j", "DROP")
    iptables("-A", *foreign)
    assert standing.firewall.apply(other).ok
    try:
        assert standing.firewall.remove(standing.instance).ok
        assert rules_of(standing) == []
        assert standing.firewall.check(other).ok
        assert standing.probe("a1", ["docker0"])["docker0"] == ""  # the other's rules are the same
        assert standing.firewall.remove(other.instance).ok
        assert standing.probe("a1", ["docker0"])["docker0"] == "host"
        assert standing.firewall.remove(standing.instance).ok
        iptables("-C", *foreign)
    finally:
        standing.firewall.remove(other.instance)
        iptables("-D", *foreign)


def rules_of(world: FirewallWorld) -> list[str]:
    """Every line of both tables that is of this instance."""
    names = ChainNames(world.instance)
    told = [
        subprocess.run([program, "-S"], check=True, capture_output=True, text=True).stdout
        for program in ("iptables", "ip6tables")
    ]
    return [
        line
        for line in "\n".join(told).splitlines()
        if f'"{names.comment}"' in line or names.digest in line
    ]


def iptables(*arguments: str) -> None:
    subprocess.run(["iptables", "-w", "10", *arguments], check=True)
