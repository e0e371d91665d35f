"""Caps on unauthenticated rows by client address, and by the site of an IPv6 address.

One IPv6 customer has a /48 at most, which is 65,536 of the /64 that count as one address. Counted
by the /64 alone, one customer could fill the caps that all clients share.
"""

import ipaddress

from sqlalchemy import Column, Connection, Select, or_

from oduflow.domain.addresses import SITE_BITS

ADDRESSES_A_SITE = 4  # a site may have as many rows as this many addresses


def has_room(
    connection: Connection, count: Select[int], column: Column[str], address: str, cap: int
) -> bool:
    """Whether one more row from that address fits.

    Args:
        connection: a transaction that holds the write lock.
        count: counts the rows that matter.
        column: has the address of a row.
        address: an IPv4 address, or an IPv6 network of 64 bits.
        cap: how many rows one address may have.
    """
    if (connection.scalar(count.where(column == address)) or 0) >= cap:
        return False
    shown = _shown(address)
    if shown is None:
        return True
    first, beginning = shown
    inside = or_(column == first, column.startswith(beginning, autoescape=True))
    return (connection.scalar(count.where(inside)) or 0) < cap * ADDRESSES_A_SITE


def _shown(address: str) -> tuple[str, str] | None:
    """Return the text of a site's first /64, and the beginning that all its others share.

    `::` always replaces the four groups of zeros at the end (RFC 5952, 4.2.3), so the groups of
    the site are written out, except in its first network.
    """
    try:
        site = ipaddress.IPv6Network(address).supernet(new_prefix=SITE_BITS)
    except ValueError:
        return None
    groups = site.network_address.exploded.split(":")[: SITE_BITS // 16]
    beginning = "".join(f"{int(group, 16):x}:" for group in groups)
    return f"{site.network_address}/64", beginning
