from ipaddress import IPv4Network
from typing import Any

import pytest

from oduflow.settings.kinds import Kind, Refused
from oduflow.settings.networks import EGRESS, PORT_RANGE, SUBNET_POOL, PortRange


@pytest.mark.parametrize(
    ("kind", "value", "read"),
    [
        (PORT_RANGE, "20000-20999", PortRange(20000, 20999)),
        (PORT_RANGE, "1-65535", PortRange(1, 65535)),
        (SUBNET_POOL, "10.213.0.0/16", IPv4Network("10.213.0.0/16")),
        (SUBNET_POOL, "192.168.7.0/24", IPv4Network("192.168.7.0/24")),
        (EGRESS, "internet", "internet"),
        (EGRESS, "10.1.2.3", "10.1.2.3/32"),
        (EGRESS, "FD00:1::/32", "fd00:1::/32"),
    ],
)
def test_right_networks_and_ports_are_read(kind: Kind, value: str, read: object):
    assert kind.read(value) == read


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (PORT_RANGE, "20999-20000"),
        (PORT_RANGE, "20000-20000"),
        (PORT_RANGE, "0-10"),
        (PORT_RANGE, "60000-65536"),
        (PORT_RANGE, "20000"),
        (PORT_RANGE, "20000 - 20999"),
        (PORT_RANGE, 20000),
        (SUBNET_POOL, "10.213.0.0/25"),
        (SUBNET_POOL, "8.8.8.0/24"),
        (SUBNET_POOL, "127.0.0.0/8"),
        (SUBNET_POOL, "169.254.0.0/16"),
        (SUBNET_POOL, "0.0.0.0/0"),
        (SUBNET_POOL, "10.0.0.0/7"),
        (SUBNET_POOL, "fd00::/16"),
        (SUBNET_POOL, "ten"),
        (EGRESS, "0.0.0.0/0"),
        (EGRESS, "::/0"),
        (EGRESS, "169.254.169.254"),
        (EGRESS, "128.0.0.0/1"),
        (EGRESS, "127.0.0.1"),
        (EGRESS, "fd00:ec2::254"),
        (EGRESS, "example.com"),
        (EGRESS, ""),
    ],
)
def test_wrong_networks_and_ports_are_refused(kind: Kind, value: Any):
    with pytest.raises(Refused):
        kind.read(value)


def test_an_address_inside_a_network_gets_the_network_as_a_hint():
    with pytest.raises(Refused) as caught:
        SUBNET_POOL.read("10.213.4.5/16")
    assert caught.value.hint == 'Write "10.213.0.0/16".'


def test_a_port_range_holds_both_its_ends():
    ports = PortRange(20000, 20002).ports
    assert list(ports) == [20000, 20001, 20002]
