"""The firewall rules of an instance, computed from its plan.

IPv4, `filter` table:

INPUT ──▶ IN      containers to the host: accepted where configured, else dropped
DOCKER-USER ──▶ FWD   containers to containers and beyond
                 ├─▶ TEAM   what a team's containers may reach beside their database
                 └─▶ PIP    the same for pip: the internet, no private range

IPv6 is off in every network of ours, but a bridge has a link-local address and a container may
give itself one: INPUT and FORWARD drop all of it.

Dropping is explicit: a packet that no rule of a chain matches goes on to the host's next rule.
That is why a packet is dropped both by the bridge it comes *from* and by the one it goes *to*.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from oduflow.adapters.firewall.plan import ChainNames, FirewallPlan, parse_egress
from oduflow.domain.connections import CONNECTIONS_PER_CONTAINER

Rule = tuple[str, ...]

POSTGRES_PORT = 5432
PRIVATE = tuple(
    IPv4Network(each)
    for each in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "224.0.0.0/4",
        "0.0.0.0/8",
        "240.0.0.0/4",
    )
)

_ESTABLISHED = ("-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED")
_PUBLISHED = ("-m", "conntrack", "--ctstate", "DNAT")
_ACCEPT = ("-j", "ACCEPT")
_DROP = ("-j", "DROP")
_RETURN = ("-j", "RETURN")


@dataclass(frozen=True, slots=True)
class Ruleset:
    """The rules that one address family's `filter` table must hold.

    Attributes:
        names: the names and the comment that mark them as the instance's.
        host_rules: rules at the top of the host's chains, by chain.
        chains: our own chains with all their rules.
        required_jumps: jumps that Docker makes and without which the host rules are never
            reached: from chain, to chain.
    """

    names: ChainNames
    host_rules: Mapping[str, tuple[Rule, ...]]
    chains: Mapping[str, tuple[Rule, ...]]
    required_jumps: tuple[tuple[str, str], ...] = ()

    @property
    def digest(self) -> str:
        """A fingerprint of all rules, carried by a rule: is the current table the computed one?"""
        return hashlib.sha256(repr((self.host_rules, self.chains)).encode()).hexdigest()[:12]


def ipv4_rules(plan: FirewallPlan) -> Ruleset:
    """Compute the IPv4 rules."""
    names = ChainNames(plan.instance)
    comment = ("-m", "comment", "--comment", names.comment)
    incoming, forward = names.chain("IN"), names.chain("FWD")
    team, pip = names.chain("TEAM"), names.chain("PIP")
    internet, _ = parse_egress(plan.egress)
    accepts = [
        ("-i", plan.net_bridge, *_tcp(port), *comment, *_ACCEPT)
        for port in plan.net_ports
        if plan.net_bridge
    ]
    return Ruleset(
        names,
        host_rules={
            "INPUT": ((*comment, "-j", incoming), *accepts),
            "DOCKER-USER": ((*comment, "-j", forward),),
        },
        chains={
            incoming: tuple(_to_the_host(plan, internet=internet)),
            forward: tuple(_between_containers(plan, team, pip)),
            team: tuple(_outward(plan, internet=internet)),
            pip: tuple(_outward(plan, internet=True)),
        },
        required_jumps=(("FORWARD", "DOCKER-USER"),),
    )


def ipv6_rules(plan: FirewallPlan) -> Ruleset:
    """Compute the IPv6 rules."""
    names = ChainNames(plan.instance)
    comment = ("-m", "comment", "--comment", names.comment)
    incoming, forward = names.chain("IN"), names.chain("FWD")
    return Ruleset(
        names,
        host_rules={
            "INPUT": ((*comment, "-j", incoming),),
            "FORWARD": ((*comment, "-j", forward),),
        },
        chains={
            incoming: tuple(("-i", each, *_DROP) for each in plan.isolated_bridges),
            forward: tuple(
                (direction, each, *_DROP)
                for each in plan.isolated_bridges
                for direction in ("-i", "-o")
            ),
        },
    )


_TOO_MANY = (
    *("-m", "connlimit", "--connlimit-above", str(CONNECTIONS_PER_CONTAINER)),
    *("--connlimit-mask", "32", "--connlimit-saddr"),
)


def _to_the_host(plan: FirewallPlan, *, internet: bool) -> Iterable[Rule]:
    yield (*_ESTABLISHED, *_RETURN)
    yield from _from_the_databases(plan)
    for bridge in plan.isolated_bridges:
        for port in plan.allowed_host_ports:
            yield ("-i", bridge, *_tcp(port), *_ACCEPT)
        if internet or bridge == plan.build_net:
            # A name server may be the host itself, under one of its own addresses.
            for rule in _dns(plan):
                yield ("-i", bridge, *rule, *_ACCEPT)
        yield ("-i", bridge, *_DROP)


def _between_containers(plan: FirewallPlan, team_chain: str, pip_chain: str) -> Iterable[Rule]:
    yield (*_ESTABLISHED, *_RETURN)
    yield from _from_the_databases(plan)
    for team in plan.teams:
        if team.db_address is not None:
            yield from _to_the_database(team.bridge, team.subnet, team.db_address)
        yield ("-i", team.bridge, "-j", team_chain)
    if plan.build_net:
        yield ("-i", plan.build_net, "-j", pip_chain)
    for team in plan.teams:
        # From outside only to a published port, whose destination Docker has rewritten by now.
        yield ("-o", team.bridge, *_PUBLISHED, *_RETURN)
        yield ("-o", team.bridge, *_DROP)
    if plan.build_net:
        yield ("-o", plan.build_net, *_DROP)


def _from_the_databases(plan: FirewallPlan) -> Iterable[Rule]:
    """Drop every connection that a database begins: it only answers."""
    for team in plan.teams:
        if team.db_address is not None:
            yield ("-i", team.bridge, "-s", f"{team.db_address}/32", *_DROP)


def _to_the_database(bridge: str, subnet: IPv4Network, address: IPv4Address) -> Iterable[Rule]:
    """Accept connections from one team's containers to PostgreSQL, inside their bridge.

    Accepted and not returned: Docker's own rule drops the rest of the bridge (`icc=false`).
    """
    target = ("-i", bridge, "-o", bridge, "-d", f"{address}/32", *_tcp(POSTGRES_PORT))
    # PostgreSQL counts a role's connections only once it has signed in: without a limit here
    # one container's half-open ones take every slot, the administrator's too (seen).
    yield (*target, *_TOO_MANY, *_DROP)
    yield (*target, "-s", str(subnet), *_ACCEPT)


def _outward(plan: FirewallPlan, *, internet: bool) -> list[Rule]:
    """Decide on a new connection that no rule before accepted; the order matters."""
    _, networks = parse_egress(plan.egress)
    private = [each for each in networks if any(each.subnet_of(range_) for range_ in PRIVATE)]
    public = [each for each in networks if each not in private]
    beyond = [] if internet else [*(("-d", str(each), *_RETURN) for each in public), _DROP]
    return [
        # Neighbours and other teams come first, so that no egress network can open them.
        *(("-o", bridge, *_DROP) for bridge in plan.own_bridges),
        *((*rule, *_RETURN) for rule in _dns(plan) if internet),
        *(("-d", str(each), *_RETURN) for each in private),
        *(("-d", str(each), *_DROP) for each in PRIVATE),
        *beyond,
    ]


def _dns(plan: FirewallPlan) -> Iterable[Rule]:
    for address in plan.resolvers:
        for protocol in ("udp", "tcp"):
            yield ("-d", f"{address}/32", "-p", protocol, "-m", protocol, "--dport", "53")


def _tcp(port: int) -> Rule:
    return ("-p", "tcp", "-m", "tcp", "--dport", str(port))
