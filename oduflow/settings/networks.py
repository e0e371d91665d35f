"""Kinds of ports and networks."""

import ipaddress
import re
from dataclasses import dataclass

from oduflow.settings.kinds import Kind, Refused, integer, plain_text

INTERNET = "internet"  # the word of `[firewall] egress` for every public address

_RFC_1918 = tuple(map(ipaddress.IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
_TEAM_PREFIX = 24
# Cloud machines answer with their own credentials on link-local addresses.
_NEVER_OPEN = tuple(
    map(
        ipaddress.ip_network,
        ("127.0.0.0/8", "169.254.0.0/16", "::1/128", "fe80::/10", "fd00:ec2::254/128"),
    )
)


@dataclass(frozen=True, slots=True)
class PortRange:
    """TCP ports from `first` to `last`, both included."""

    first: int
    last: int

    @property
    def ports(self) -> range:
        """The ports, in order."""
        return range(self.first, self.last + 1)

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"


def _port_range(value: object) -> PortRange:
    match = re.fullmatch(r"([0-9]{1,5})-([0-9]{1,5})", plain_text(value))
    if match is None:
        raise Refused
    first, last = int(match[1]), int(match[2])
    try:
        PORT.read(first)
        PORT.read(last)
    except Refused as cause:
        raise Refused("a port goes from 1 to 65535") from cause
    if first >= last:
        raise Refused("the first must be below the last")
    return PortRange(first, last)


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError as cause:
        raise Refused(hint=_aligned(text)) from cause


def _aligned(text: str) -> str:
    """Suggest the network that an address with host bits lies in."""
    try:
        return f'Write "{ipaddress.ip_network(text, strict=False)}".'
    except ValueError:
        return ""


def _subnet_pool(value: object) -> ipaddress.IPv4Network:
    network = _network(plain_text(value))
    if not isinstance(network, ipaddress.IPv4Network):
        raise Refused
    if not any(network.subnet_of(private) for private in _RFC_1918):
        raise Refused("it is not a private network (RFC 1918)")
    if network.prefixlen > _TEAM_PREFIX:
        raise Refused("each team needs a /24 of it")
    return network


def _egress(value: object) -> str:
    text = plain_text(value)
    if text == INTERNET:
        return text
    network = _network(text)
    if network.prefixlen == 0:
        raise Refused("it opens everything", f'Write "{INTERNET}" for every public address.')
    if any(network.version == shut.version and network.overlaps(shut) for shut in _NEVER_OPEN):
        raise Refused("loopback and link-local addresses are never opened")
    return str(network)


PORT = integer(1, 65535)
PORT_RANGE = Kind('two ports joined by -, such as "20000-20999"', _port_range)
SUBNET_POOL = Kind('a private IPv4 network of /24 or wider, such as "10.213.0.0/16"', _subnet_pool)
EGRESS = Kind(f'a network such as "10.1.0.0/16", or "{INTERNET}"', _egress)
