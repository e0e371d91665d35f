import pytest

from oduflow.domain.hosts import is_address, is_host_name, is_listed, join_host_port


@pytest.mark.parametrize("host", ["localhost", "git.example", "a", "xn--bcher-kva.example", "1.a"])
def test_a_host_name_is_one(host):
    assert is_host_name(host)
    assert not is_address(host)


@pytest.mark.parametrize(
    "host",
    ["", "UPPER.example", "a..b", "-a", "a-", "a_b", "127.1", "0x7f.1", "2130706433", "a" * 64],
)
def test_what_resolvers_may_read_in_two_ways_is_no_host_name(host):
    assert not is_host_name(host)


@pytest.mark.parametrize(
    ("host", "port", "text"),
    [
        ("git.lan", None, "git.lan"),
        ("git.lan", 8770, "git.lan:8770"),
        ("::1", None, "[::1]"),
        ("::1", 80, "[::1]:80"),
    ],
)
def test_an_ipv6_address_is_written_in_brackets(host, port, text):
    assert join_host_port(host, port) == text


def test_a_listed_host_covers_every_port_and_a_listed_port_only_itself():
    assert is_listed("git.lan", 1234, ("GIT.lan",))
    assert is_listed("::1", 8770, ("[::1]:8770",))
    assert not is_listed("git.lan", 443, ("git.lan:8443",))
    assert not is_listed("evil.git.lan", 443, ("git.lan",))
