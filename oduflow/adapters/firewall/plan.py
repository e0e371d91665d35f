"""The facts that the firewall rules are computed from."""

import hashlib
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, ip_network
from typing import ClassVar

from oduflow.domain.errors import Invalid

INTERNET = "internet"


@dataclass(frozen=True, slots=True)
class TeamNet:
    """One team's network.

    Attributes:
        bridge: its interface on the host.
        subnet: its addresses.
        db_address: PostgreSQL's address in it, None while PostgreSQL is not connected to it.
    """

    bridge: str
    subnet: IPv4Network
    db_address: IPv4Address | None = None


@dataclass(frozen=True, slots=True)
class FirewallPlan:
    """All that determines the rules of one instance.

    Attributes:
        instance: the prefix of the instance's names.
        net_bridge: the bridge of PostgreSQL and the proxy, empty when it does not exist.
        net_ports: the host's TCP ports that `net_bridge` may reach.
        teams: every team that has a network.
        build_net: the bridge pip runs in: the internet and no private range; empty for none.
        allowed_host_ports: the host's TCP ports that every team may reach.
        egress: what environments may reach beyond PostgreSQL: `internet`, and IPv4 networks in
            CIDR form. A private range opens only to a network that lies within it.
        resolvers: the host's DNS servers, open to a bridge that may reach the internet.
    """

    instance: str
    net_bridge: str = ""
    net_ports: tuple[int, ...] = ()
    teams: tuple[TeamNet, ...] = ()
    build_net: str = ""
    allowed_host_ports: tuple[int, ...] = ()
    egress: tuple[str, ...] = ()
    resolvers: tuple[IPv4Address, ...] = ()

    @property
    def isolated_bridges(self) -> tuple[str, ...]:
        """The bridges whose containers are isolated."""
        return (*(team.bridge for team in self.teams), *filter(None, [self.build_net]))

    @property
    def own_bridges(self) -> tuple[str, ...]:
        """Every bridge of the instance."""
        return (*self.isolated_bridges, *filter(None, [self.net_bridge]))


@dataclass(frozen=True, slots=True)
class ChainNames:
    """The names by which the rules and chains of one instance are recognised.

    A chain's name may have 28 characters (XT_EXTENSION_MAXNAMELEN), so it carries a hash.
    """

    instance: str

    PREFIX: ClassVar[str] = "oduflow:"

    @property
    def comment(self) -> str:
        """The comment of each rule in a chain of the host's."""
        return f"{self.PREFIX}{self.instance}"

    @property
    def digest(self) -> str:
        """The end of the names of the instance's chains."""
        return hashlib.sha256(self.instance.encode()).hexdigest()[:12]

    def chain(self, purpose: str) -> str:
        """Return the name of our chain for a purpose: `IN`, `FWD`, `TEAM`, `PIP`."""
        return f"ODUFLOW-{purpose}-{self.digest}"

    def own(self, chain: str) -> bool:
        """Tell whether a chain is the instance's, from this or another version of the product."""
        return chain.startswith("ODUFLOW-") and chain.endswith(f"-{self.digest}")


def parse_egress(egress: tuple[str, ...]) -> tuple[bool, tuple[IPv4Network, ...]]:
    """Parse `[firewall] egress`: whether the internet is open, and which networks are.

    Raises:
        Invalid: an entry is neither the word nor an IPv4 network.
    """
    networks = []
    for each in egress:
        if each == INTERNET:
            continue
        try:
            network = ip_network(each)
        except ValueError:
            network = None
        if not isinstance(network, IPv4Network):
            raise Invalid(
                f"[firewall] egress has “{each}”, which is not an IPv4 network.",
                f"Write “{INTERNET}”, or a network such as “10.1.2.0/24” or “10.1.2.3/32”.",
            )
        networks.append(network)
    return INTERNET in egress, tuple(networks)
