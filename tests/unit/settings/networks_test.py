from ipaddress import IPv4Network
from typing import Any

import pytest
from pydantic import ValidationError

from oduflow.settings.values import Egress, Ports, SubnetPool
from tests.support.settings_values import hint_of, read


@pytest.mark.parametrize(
    ("type_", "value", "expected"),
    [
        (Ports, "20000-20999", range(20000, 21000)),
        (Ports, "1-65535", range(1, 65536)),
        (SubnetPool, "10.213.0.0/16", IPv4Network("10.213.0.0/16")),
        (SubnetPool, "192.168.7.0/24", IPv4Network("192.168.7.0/24")),
        (Egress, "internet", "internet"),
        (Egress, "10.1.2.3", "10.1.2.3/32"),
        (Egress, "FD00:1::/32", "fd00:1::/32"),
    ],
)
def test_right_networks_and_ports_are_read(type_: Any, value: str, expected: object):
    assert read(type_, value) == expected


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        (Ports, "20999-20000"),
        (Ports, "20000-20000"),
        (Ports, "0-10"),
        (Ports, "60000-65536"),
        (Ports, "20000"),
        (Ports, "20000 - 20999"),
        (Ports, 20000),
        (SubnetPool, "10.213.0.0/25"),
        (SubnetPool, "8.8.8.0/24"),
        (SubnetPool, "127.0.0.0/8"),
        (SubnetPool, "169.254.0.0/16"),
        (SubnetPool, "0.0.0.0/0"),
        (SubnetPool, "10.0.0.0/7"),
        (SubnetPool, "fd00::/16"),
        (SubnetPool, "ten"),
        (Egress, "0.0.0.0/0"),
        (Egress, "::/0"),
        (Egress, "169.254.169.254"),
        (Egress, "128.0.0.0/1"),
        (Egress, "127.0.0.1"),
        (Egress, "fd00:ec2::254"),
        (Egress, "example.com"),
        (Egress, ""),
    ],
)
def test_wrong_networks_and_ports_are_refused(type_: Any, value: Any):
    with pytest.raises(ValidationError):
        read(type_, value)


def test_an_address_inside_a_network_gets_the_network_as_a_hint():
    with pytest.raises(ValidationError) as caught:
        read(SubnetPool, "10.213.4.5/16")
    assert hint_of(caught.value) == 'Write "10.213.0.0/16".'


def test_a_port_range_holds_both_its_ends():
    assert list(read(Ports, "20000-20002")) == [20000, 20001, 20002]
