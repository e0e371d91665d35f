"""Counting strangers by where they come from: an address, and the site around it.

One IPv6 customer is given a /48 at most, and so has 65,536 of the /64 that are counted as one
address. Counted by those alone, one customer would fill the caps that are for everybody.
"""

import ipaddress

from sqlalchemy import Column, Connection, Select, or_

from oduflow.domain.addresses import SITE_BITS

ADDRESSES_A_SITE = 4  # as many as this fill a site's share, however many there are in it


def has_room(
    connection: Connection, count: Select[int], column: Column[str], address: str, cap: int
) -> bool:
    """Whether one more row from that address fits.

    Args:
        connection: a transaction that holds the write lock.
        count: counts the rows that matter.
        column: where the address of a row stands.
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
    """Return how the networks of 64 bits in a site are written: its first one, and all others.

    The four groups of zeros behind them are always what `::` stands for (RFC 5952, 4.2.3), so the
    groups of the site are written out, except in its first network.
    """
    try:
        site = ipaddress.IPv6Network(address).supernet(new_prefix=SITE_BITS)
    except ValueError:
        return None
    groups = site.network_address.exploded.split(":")[: SITE_BITS // 16]
    beginning = "".join(f"{int(group, 16):x}:" for group in groups)
    return f"{site.network_address}/64", beginning
