from ipaddress import IPv4Network

import pytest

from oduflow.blueprints.auth.requests import is_direct_and_local

POOL = IPv4Network("10.213.0.0/16")


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
def test_a_program_on_this_machine_is_local(address):
    assert is_direct_and_local({"REMOTE_ADDR": address}, POOL)


@pytest.mark.parametrize(
    "address",
    [
        "10.213.1.5",
        "192.168.1.2",
        "8.8.8.8",
        "::ffff:8.8.8.8",
        "fe80::1",
        "",
        None,
        "localhost",
        "x",
    ],
)
def test_another_address_is_not(address):
    assert not is_direct_and_local({"REMOTE_ADDR": address}, POOL)


def test_a_container_is_not_even_where_its_network_looks_like_this_machine():
    assert not is_direct_and_local({"REMOTE_ADDR": "127.0.0.1"}, IPv4Network("127.0.0.0/24"))


@pytest.mark.parametrize(
    "header",
    [
        "FORWARDED",
        "VIA",
        "X_FORWARDED_FOR",
        "X_FORWARDED_HOST",
        "X_FORWARDED_PROTO",
        "X_FORWARDED_SERVER",
        "X_FORWARDED",
    ],
)
def test_a_proxy_on_this_machine_asks_for_another_client(header):
    assert not is_direct_and_local({"REMOTE_ADDR": "127.0.0.1", f"HTTP_{header}": "x"}, POOL)


def test_the_socket_is_believed_not_what_a_proxy_says_of_its_client():
    environ = {
        "REMOTE_ADDR": "127.0.0.1",
        "werkzeug.proxy_fix.orig": {"REMOTE_ADDR": "192.168.1.2"},
    }
    assert not is_direct_and_local(environ, POOL)
