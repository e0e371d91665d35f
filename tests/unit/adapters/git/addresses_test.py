from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oduflow.adapters.git.addresses import is_public, pin
from oduflow.adapters.git.urls import parse_url
from oduflow.domain.errors import Invalid

PUBLIC = "140.82.121.4"
PUBLIC_V6 = "2606:50c0:8000::153"


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
        "192.0.2.1",
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


@pytest.mark.parametrize("address", [PUBLIC, "1.1.1.1", PUBLIC_V6, "2a01:4f8::1"])
def test_a_public_address_is_taken(address):
    assert is_public(ip_address(address))


@given(st.ip_addresses(v=4))
def test_no_ipv4_address_becomes_public_inside_an_ipv6_one(address: IPv4Address):
    number = int(address)
    for prefix, shift in ((0xFFFF << 32, 0), (0x64_FF9B << 96, 0), (0x2002 << 112, 80), (0, 0)):
        assert not is_public(IPv6Address(prefix | number << shift))


def test_git_is_given_the_addresses_that_were_checked():
    remote = parse_url("https://git.example:8443/a/b")
    assert (
        pin(remote, (), lambda *_: [PUBLIC, PUBLIC_V6])
        == f"git.example:8443:{PUBLIC},[{PUBLIC_V6}]"
    )


def test_of_mixed_addresses_only_the_public_ones_are_dialled():
    remote = parse_url("https://git.example/a/b")
    resolved = pin(remote, (), lambda *_: ["127.0.0.1", PUBLIC, "169.254.169.254", "::1"])
    assert resolved == f"git.example:443:{PUBLIC}"


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "::ffff:10.0.0.1", "fd00::1"])
def test_a_name_that_leads_to_a_private_address_is_refused(address):
    remote = parse_url("https://innocent.example/a/b")
    with pytest.raises(Invalid, match=r"innocent\.example is not on the public internet"):
        pin(remote, ("other.example",), lambda *_: [address])


def test_a_host_that_the_operator_lists_is_dialled_where_it_resolves_to():
    remote = parse_url("http://git.lan:8770/a/b", ("git.lan:8770",))
    assert pin(remote, ("git.lan:8770",), lambda *_: ["10.0.0.5"]) == "git.lan:8770:10.0.0.5"
    with pytest.raises(Invalid):
        pin(parse_url("https://git.lan/a/b"), ("git.lan:8770",), lambda *_: ["10.0.0.5"])


@pytest.mark.parametrize("host", ["127.0.0.1", "169.254.169.254", "[::1]", "[::ffff:127.0.0.1]"])
def test_a_private_address_in_the_url_is_refused_unless_listed(host):
    remote = parse_url(f"https://{host}/a/b")
    with pytest.raises(Invalid):
        pin(remote, (), _not_asked)
    assert pin(remote, (parse_url(f"https://{host}/a").clean.split("/")[2],), _not_asked) is None


def test_a_public_address_in_the_url_needs_no_resolver():
    assert pin(parse_url(f"https://{PUBLIC}/a/b"), (), _not_asked) is None


def _not_asked(host: str, port: int) -> NoReturn:
    raise AssertionError((host, port))
