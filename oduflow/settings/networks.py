"""Ports and networks."""

import ipaddress
import re
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, Field, PlainValidator

from oduflow.settings.schema import Allowed, InvalidValue
from oduflow.settings.values import PLAIN_TEXT, Text

INTERNET = "internet"  # the word of `[firewall] egress` for every public address

_MAX_PORT = 65535
_RFC_1918 = tuple(map(ipaddress.IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
_TEAM_PREFIX = 24
# Cloud machines hand out their credentials on link-local addresses.
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


def _port_range(text: str) -> PortRange:
    match = re.fullmatch(r"([0-9]{1,5})-([0-9]{1,5})", text)
    if match is None:
        raise InvalidValue
    first, last = int(match[1]), int(match[2])
    if not (1 <= first <= _MAX_PORT and 1 <= last <= _MAX_PORT):
        raise InvalidValue(f"a port goes from 1 to {_MAX_PORT}")
    if first >= last:
        raise InvalidValue("the first must be below the last")
    return PortRange(first, last)


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError as cause:
        raise InvalidValue(hint=_without_host_bits(text)) from cause


def _without_host_bits(text: str) -> str:
    """Suggest the network that holds an address with host bits."""
    try:
        return f'Write "{ipaddress.ip_network(text, strict=False)}".'
    except ValueError:
        return ""


def _subnet_pool(text: str) -> ipaddress.IPv4Network:
    network = _network(text)
    if not isinstance(network, ipaddress.IPv4Network):
        raise InvalidValue
    if not any(network.subnet_of(private) for private in _RFC_1918):
        raise InvalidValue("it is not a private network (RFC 1918)")
    if network.prefixlen > _TEAM_PREFIX:
        raise InvalidValue("each team needs a /24 of it")
    return network


def _egress(text: str) -> str:
    if text == INTERNET:
        return text
    network = _network(text)
    if network.prefixlen == 0:
        raise InvalidValue("it opens everything", f'Write "{INTERNET}" for every public address.')
    if any(network.version == shut.version and network.overlaps(shut) for shut in _NEVER_OPEN):
        raise InvalidValue("loopback and link-local addresses are never opened")
    return str(network)


Port = Annotated[int, Field(ge=1, le=_MAX_PORT)]
Ports = Annotated[
    PortRange,
    PlainValidator(_port_range),
    PLAIN_TEXT,
    Allowed('two ports joined by -, such as "20000-20999"'),
]
SubnetPool = Annotated[
    ipaddress.IPv4Network,
    PlainValidator(_subnet_pool),
    PLAIN_TEXT,
    Allowed('a private IPv4 network of /24 or wider, such as "10.213.0.0/16"'),
]
Egress = Annotated[
    Text, AfterValidator(_egress), Allowed(f'a network such as "10.1.0.0/16", or "{INTERNET}"')
]
