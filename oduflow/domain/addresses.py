"""IP addresses: which are on the public internet, and which belong to one customer."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

# What one IPv6 customer is given at least, and at most (RFC 6177).
CUSTOMER_BITS, SITE_BITS = 64, 48

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
    """Tell whether an address is on the public internet and carries no other address.

    Check the very address that is dialled: a name may resolve differently a moment later.
    """
    if isinstance(address, IPv6Address):
        return address in _UNICAST and not any(address in net for net in _TUNNELS_AND_EXAMPLES)
    assigned = any(address in net for net in _ASSIGNED)
    return address.is_global and not address.is_multicast and not assigned


def client_network(text: str, bits: int = CUSTOMER_BITS) -> str:
    """Return what a client is counted by: its IPv4 address, or the network of its IPv6 address.

    A customer changes the address within its own network at will.

    Args:
        text: an address; an IPv4 address mapped into IPv6 counts as itself.
        bits: length of the IPv6 network's prefix.

    Raises:
        ValueError: the text is not an address.
    """
    address = ip_address(text)
    if isinstance(address, IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address), bits), strict=False))
