import ipaddress

import pytest
from sqlalchemy import func, select

from oduflow.adapters.store.oauth_addresses import ADDRESSES_A_SITE, has_room
from oduflow.adapters.store.oauth_tables import clients
from oduflow.domain.clock import now

GROUPS = ("0", "1", "db8", "ffff")
HEADS = ("2001:db8:1", "2001:db8:0", "2001:0:0", "2001:0:1", "0:0:1", "fe80:1:10")


@pytest.mark.parametrize("head", HEADS)
def test_every_network_of_a_site_counts_and_none_of_another(store, head):
    inside = [network(f"{head}:{group}::") for group in GROUPS]
    outside = {network(f"{other}:{group}::") for other in HEADS for group in GROUPS} - {*inside}

    assert len(inside) == ADDRESSES_A_SITE
    assert room(store, outside, inside[0])
    assert not room(store, inside, network(f"{head}:abcd::"))
    assert all(room(store, inside, address) for address in outside)


@pytest.mark.parametrize("address", ["", "192.0.2.1", "testing"])
def test_what_is_no_ipv6_is_counted_alone(store, address):
    assert room(store, [network("2001:db8::")] * 9, address)
    assert not room(store, [address], address)


def network(address: str) -> str:
    return str(ipaddress.ip_network((address, 64)))


def room(store, known, address: str) -> bool:
    """Whether one more fits where each address may have one; what is written is undone."""
    with store.write() as connection:
        for number, each in enumerate(known):
            values = dict.fromkeys(("name", "secret"), "") | {
                "redirect_uris": (),
                "kind": "registered",
            }
            row = {**values, "id": str(number), "address": each, "created_at": now()}
            connection.execute(clients.insert(), row)
        count = select(func.count()).select_from(clients)
        found = has_room(connection, count, clients.c.address, address, 1)
        connection.execute(clients.delete())
    return found
