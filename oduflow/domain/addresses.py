"""Which addresses lie on the public internet.

Whoever dials what a stranger names (git, a client's metadata) asks here first, about the very
address that is dialled: a name may answer differently a moment later.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

# IANA hands out unicast addresses from one block only, so mapped (::ffff:0:0/96), translated
# (64:ff9b::/96), link-local, private and multicast ones lie outside. Inside it, these carry an
# IPv4 address or are not routed (RFC 4380, 3056, 3849, 9637).
_UNICAST = IPv6Network("2000::/3")
_TUNNELS_AND_EXAMPLES = tuple(
    IPv6Network(block) for block in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)

# Protocol assignments and 6to4 relays: `is_global` calls some of them so (RFC 6890, 7526).
_ASSIGNED = (IPv4Network("192.0.0.0/24"), IPv4Network("192.88.99.0/24"))


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Tell whether an address is one of the public internet, reached as itself."""
    if isinstance(address, IPv6Address):
        return address in _UNICAST and not any(address in net for net in _TUNNELS_AND_EXAMPLES)
    assigned = any(address in net for net in _ASSIGNED)
    return address.is_global and not address.is_multicast and not assigned
