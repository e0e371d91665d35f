"""The rules as a packet meets them: a small interpreter of the chains, and packets."""

from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network
from itertools import pairwise

import pytest

from oduflow.adapters.firewall.plan import FirewallPlan, TeamNet
from oduflow.adapters.firewall.rules import Rule, Ruleset, ipv4_rules, ipv6_rules
from oduflow.domain.errors import Invalid

BLUE = TeamNet("br-blue", IPv4Network("10.213.1.0/24"), IPv4Address("10.213.1.2"))
RED = TeamNet("br-red", IPv4Network("10.213.2.0/24"), IPv4Address("10.213.2.2"))
PLAN = FirewallPlan(
    "test", net_bridge="br-net", net_ports=(8000,), teams=(BLUE, RED), build_net="br-pip"
)


@dataclass(frozen=True)
class Packet:
    into: str
    out: str = ""
    source: str = "10.213.1.7"
    target: str = "198.51.100.7"
    port: int = 80
    protocol: str = "tcp"
    state: str = "NEW"
    open_already: int = 0


TO_HOST = Packet("br-blue", target="10.213.1.1", port=22)
TO_NEIGHBOUR = Packet("br-blue", "br-blue", target="10.213.1.8", port=8069)
TO_INTERNET = Packet("br-blue", "eth0")
TO_DATABASE = Packet("br-blue", "br-blue", target="10.213.1.2", port=5432)


def test_a_team_reaches_its_database_on_one_port_only() -> None:
    assert passing(PLAN, TO_DATABASE) == "ACCEPT"
    assert passing(PLAN, replace(TO_DATABASE, port=5433)) == "DROP"
    assert passing(PLAN, replace(TO_DATABASE, protocol="udp")) == "DROP"


def test_one_container_cannot_take_all_of_the_databases_connections() -> None:
    assert passing(PLAN, replace(TO_DATABASE, open_already=20)) == "ACCEPT"
    assert passing(PLAN, replace(TO_DATABASE, open_already=200)) == "DROP"


def test_port_5432_of_other_containers_stays_closed() -> None:
    assert passing(PLAN, replace(TO_DATABASE, target="10.213.1.8")) == "DROP"
    other = replace(TO_DATABASE, out="br-red", target="10.213.2.2")
    assert passing(PLAN, other) == "DROP"


def test_a_source_that_is_not_the_teams_does_not_reach_the_database() -> None:
    assert passing(PLAN, replace(TO_DATABASE, source="10.213.2.7")) == "DROP"


def test_a_team_without_a_database_yet_has_no_opening() -> None:
    plan = replace(PLAN, teams=(replace(BLUE, db_address=None),))
    assert passing(plan, TO_DATABASE) == "DROP"


@pytest.mark.parametrize("out", ["br-blue", "br-red", "br-net", "br-pip", "docker0", "eth0"])
def test_a_team_reaches_nothing_else(out: str) -> None:
    assert passing(PLAN, Packet("br-blue", out)) == "DROP"


def test_answers_to_what_was_let_in_pass() -> None:
    answer = replace(TO_INTERNET, state="ESTABLISHED")
    assert passing(PLAN, answer) == "RETURN"
    assert to_host(PLAN, replace(TO_HOST, state="ESTABLISHED")) == "RETURN"


def test_no_port_of_the_host_is_open_to_a_team_or_to_pip() -> None:
    assert to_host(PLAN, TO_HOST) == "DROP"
    assert to_host(PLAN, replace(TO_HOST, target="10.213.2.1", port=8000)) == "DROP"
    assert to_host(PLAN, replace(TO_HOST, into="br-pip")) == "DROP"
    assert to_host(PLAN, replace(TO_HOST, into="br-pip", protocol="udp", port=53)) == "DROP"


def test_a_configured_port_of_the_host_opens_and_no_other() -> None:
    plan = replace(PLAN, allowed_host_ports=(8025,))
    assert to_host(plan, replace(TO_HOST, port=8025)) == "ACCEPT"
    assert to_host(plan, replace(TO_HOST, port=8025, protocol="udp")) == "DROP"
    assert to_host(plan, TO_HOST) == "DROP"


def test_the_hosts_other_interfaces_are_none_of_our_business() -> None:
    assert to_host(PLAN, replace(TO_HOST, into="eth0")) == "RETURN"
    assert to_host(PLAN, replace(TO_HOST, into="docker0")) == "RETURN"
    assert passing(PLAN, Packet("eth0", "docker0")) == "RETURN"


def test_the_proxys_network_is_let_in_to_the_needed_ports_by_a_rule_that_names_the_instance() -> (
    None
):
    accepts = [" ".join(rule) for rule in ipv4_rules(PLAN).host_rules["INPUT"] if "ACCEPT" in rule]
    assert accepts == [
        "-i br-net -p tcp -m tcp --dport 8000 -m comment --comment oduflow:test -j ACCEPT"
    ]


def test_without_that_network_nothing_is_let_in() -> None:
    hooks = ipv4_rules(replace(PLAN, net_bridge="")).host_rules["INPUT"]
    assert [rule for rule in hooks if rule[-1] == "ACCEPT"] == []


def test_egress_to_the_internet_opens_no_private_range() -> None:
    plan = replace(PLAN, egress=("internet",))
    assert passing(plan, TO_INTERNET) == "RETURN"
    for private in ("10.0.0.9", "172.16.0.9", "192.168.1.1", "100.64.0.1", "169.254.169.254"):
        assert passing(plan, replace(TO_INTERNET, target=private)) == "DROP", private
    assert passing(plan, TO_NEIGHBOUR) == "DROP"


@pytest.mark.parametrize("wide", ["0.0.0.0/0", "8.0.0.0/5", "128.0.0.0/1"])
def test_a_wide_network_opens_no_private_range_it_covers(wide: str) -> None:
    plan = replace(PLAN, egress=(wide,))
    for private in ("10.0.0.9", "192.168.1.1", "169.254.169.254", "240.0.0.1"):
        assert passing(plan, replace(TO_INTERNET, target=private)) == "DROP", private


def test_a_network_inside_a_private_range_opens_exactly_that() -> None:
    plan = replace(PLAN, egress=("192.168.7.0/24",))
    assert passing(plan, replace(TO_INTERNET, target="192.168.7.9")) == "RETURN"
    assert passing(plan, replace(TO_INTERNET, target="192.168.8.9")) == "DROP"
    assert passing(plan, TO_INTERNET) == "DROP"


def test_a_public_network_opens_exactly_that() -> None:
    plan = replace(PLAN, egress=("198.51.100.0/24",))
    assert passing(plan, TO_INTERNET) == "RETURN"
    assert passing(plan, replace(TO_INTERNET, target="203.0.113.7")) == "DROP"


def test_no_egress_opens_another_team_a_neighbour_or_the_host() -> None:
    plan = replace(PLAN, egress=("internet", "10.0.0.0/8"))
    assert passing(plan, Packet("br-blue", "br-red", target="10.213.2.8")) == "DROP"
    assert passing(plan, TO_NEIGHBOUR) == "DROP"
    assert to_host(plan, TO_HOST) == "DROP"


@pytest.mark.parametrize("junk", ["fd00::/8", "10.0.0.1/8", "example.com", ""])
def test_egress_that_is_no_ipv4_network_is_refused(junk: str) -> None:
    with pytest.raises(Invalid, match="egress"):
        ipv4_rules(replace(PLAN, egress=(junk,)))


def test_pip_reaches_the_internet_and_no_private_range() -> None:
    assert passing(PLAN, Packet("br-pip", "eth0")) == "RETURN"
    for out, target in (("eth0", "192.168.1.1"), ("br-blue", "10.213.1.7"), ("br-pip", "10.0.0.3")):
        assert passing(PLAN, Packet("br-pip", out, target=target)) == "DROP"


def test_pip_reaches_a_private_index_that_egress_names() -> None:
    plan = replace(PLAN, egress=("192.168.7.9/32",))
    assert passing(plan, Packet("br-pip", "eth0", target="192.168.7.9")) == "RETURN"


def test_where_the_internet_is_the_name_servers_are() -> None:
    resolver = IPv4Address("169.254.169.254")
    asking = Packet("br-pip", "eth0", target=str(resolver), port=53, protocol="udp")
    plan = replace(PLAN, resolvers=(resolver,))
    assert passing(plan, asking) == "RETURN"
    assert to_host(plan, asking) == "ACCEPT"
    assert passing(plan, replace(asking, port=80, protocol="tcp")) == "DROP"
    assert passing(plan, replace(asking, into="br-blue")) == "DROP"
    assert to_host(plan, replace(asking, into="br-blue")) == "DROP"
    open_plan = replace(plan, egress=("internet",))
    assert passing(open_plan, replace(asking, into="br-blue")) == "RETURN"


def test_a_team_is_reached_from_outside_by_a_published_port_only() -> None:
    coming = Packet("eth0", "br-blue", source="198.51.100.7", target="10.213.1.7", port=8069)
    assert passing(PLAN, replace(coming, state="DNAT")) == "RETURN"
    assert passing(PLAN, coming) == "DROP"
    assert passing(PLAN, replace(coming, into="docker0")) == "DROP"


def test_a_published_port_is_closed_to_other_teams_and_to_neighbours() -> None:
    published = Packet("br-blue", "br-red", target="10.213.2.7", port=8069, state="DNAT")
    assert passing(PLAN, published) == "DROP"
    assert passing(PLAN, replace(published, out="br-blue", target="10.213.1.8")) == "DROP"


def test_over_ipv6_nothing_passes_at_all() -> None:
    rules = ipv6_rules(PLAN)
    for bridge in ("br-blue", "br-red", "br-pip"):
        assert verdict(rules, "INPUT", Packet(bridge)) == "DROP"
        assert verdict(rules, "FORWARD", Packet(bridge, "eth0")) == "DROP"
        assert verdict(rules, "FORWARD", Packet("eth0", bridge)) == "DROP"
    assert verdict(rules, "FORWARD", Packet("eth0", "docker0")) == "RETURN"


def test_chain_names_fit_for_a_long_instance_name() -> None:
    long = replace(PLAN, instance="an-instance-with-a-very-long-name-indeed")
    chains = [*ipv4_rules(long).chains, *ipv6_rules(long).chains]
    assert max(map(len, chains)) <= 28
    assert not set(chains) & set(ipv4_rules(PLAN).chains)


def passing(plan: FirewallPlan, packet: Packet) -> str:
    return verdict(ipv4_rules(plan), "DOCKER-USER", packet)


def to_host(plan: FirewallPlan, packet: Packet) -> str:
    return verdict(ipv4_rules(plan), "INPUT", packet)


def verdict(ruleset: Ruleset, hook: str, packet: Packet) -> str:
    """Walk the chains as the kernel does; RETURN: the host's own rules decide."""
    return walk(ruleset, ruleset.host_rules[hook], packet) or "RETURN"


def walk(ruleset: Ruleset, rules: tuple[Rule, ...], packet: Packet) -> str:
    for rule in rules:
        target = rule[rule.index("-j") + 1]
        if not matches(rule, packet):
            continue
        if target == "RETURN":
            return ""
        if target in ("ACCEPT", "DROP"):
            return target
        if found := walk(ruleset, ruleset.chains[target], packet):
            return found
    return ""


def matches(rule: Rule, packet: Packet) -> bool:
    told = dict(pairwise(rule))
    checks = {
        "-i": lambda value: value == packet.into,
        "-o": lambda value: value == packet.out,
        "-s": lambda value: IPv4Address(packet.source) in IPv4Network(value),
        "-d": lambda value: IPv4Address(packet.target) in IPv4Network(value),
        "-p": lambda value: value == packet.protocol,
        "--dport": lambda value: value == str(packet.port),
        "--connlimit-above": lambda value: packet.open_already >= int(value),
        "--ctstate": lambda value: packet.state in value.split(","),
    }
    return all(check(told[option]) for option, check in checks.items() if option in told)
