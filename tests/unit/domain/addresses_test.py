from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oduflow.domain.addresses import client_network, is_public


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.255.255.254",
        "0.0.0.0",  # noqa: S104
        "10.213.0.1",
        "172.17.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "192.0.0.9",
        "192.0.2.1",
        "192.88.99.1",
        "198.18.0.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:140.82.121.4",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::8c52:7904",
        "64:ff9b:1::1",
        "2002:7f00:1::1",
        "2001:0:7f00:1::1",
        "2001:db8::1",
        "100::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
    ],
)
def test_an_address_off_the_public_internet_is_refused(address):
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["140.82.121.4", "1.1.1.1", "2606:50c0::153", "2a01:4f8::1"])
def test_a_public_address_is_taken(address):
    assert is_public(ip_address(address))


@given(st.ip_addresses(v=4))
def test_no_ipv4_address_becomes_public_inside_an_ipv6_one(address: IPv4Address):
    number = int(address)
    for prefix, shift in ((0xFFFF << 32, 0), (0x64_FF9B << 96, 0), (0x2002 << 112, 80), (0, 0)):
        assert not is_public(IPv6Address(prefix | number << shift))


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
    ],
)
def test_a_client_is_counted_by_the_network_that_one_customer_has(address, counted):
    assert client_network(address) == counted
